//! The names of keys in Redis.

use crate::entry::FORMAT;
use crate::{CacheName, Key};

/// Makes names that begin with the operator's prefix. In a cluster, braces say which part of a name chooses its
/// server: what one script touches has the same there.
#[derive(Debug, Clone)]
pub(crate) struct Keyspace(String);

impl Keyspace {
    pub(crate) fn new(prefix: &str) -> Self {
        Self(prefix.to_owned())
    }

    /// An entry. Entries live in the namespace that belongs to a log of purges: should the log be lost, they are
    /// not found any more.
    pub(crate) fn entry(&self, namespace: &str, cache: CacheName, key: &Key) -> String {
        format!("{}:{namespace}:{FORMAT}:{cache}:{key}", self.0)
    }

    /// The stream of purges.
    pub(crate) fn purge_stream(&self) -> String {
        format!("{{{}}}:purges", self.0)
    }

    /// The namespace of entries that belongs to the log.
    pub(crate) fn namespace(&self) -> String {
        format!("{{{}}}:space", self.0)
    }

    /// Who is making this.
    pub(crate) fn lease(&self, key: &Key) -> String {
        format!("{}:lease:{{{key}}}", self.0)
    }

    /// Whether somebody waits for it.
    pub(crate) fn lease_waiters(&self, key: &Key) -> String {
        format!("{}:awaited:{{{key}}}", self.0)
    }

    /// The nodes there are.
    pub(crate) fn membership(&self) -> String {
        format!("{}:membership", self.0)
    }

    /// Where it is told that something is made.
    pub(crate) fn notifications(&self) -> String {
        format!("{}:words", self.0)
    }
}
