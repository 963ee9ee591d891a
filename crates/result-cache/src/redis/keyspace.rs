//! The names of keys and channels in Redis.

use crate::entry::FORMAT;
use crate::{CacheName, Key};

/// Builds names with the operator's prefix. In a Redis Cluster, the part in braces selects the server: all keys of one
/// script have the same part.
#[derive(Debug, Clone)]
pub(crate) struct Keyspace(String);

impl Keyspace {
    pub(crate) fn new(prefix: &str) -> Self {
        Self(prefix.to_owned())
    }

    /// An entry. Entries are in the namespace that belongs to a purge log: if the log is lost, they are not found any more.
    pub(crate) fn entry(&self, namespace: &str, cache: CacheName, key: &Key) -> String {
        format!("{}:{namespace}:{FORMAT}:{cache}:{key}", self.0)
    }

    /// The stream of purges.
    pub(crate) fn purge_stream(&self) -> String {
        format!("{{{}}}:purges", self.0)
    }

    /// The current namespace of entries, which belongs to the stream.
    pub(crate) fn namespace(&self) -> String {
        format!("{{{}}}:space", self.0)
    }

    /// The holder of the lease of a key.
    pub(crate) fn lease(&self, key: &Key) -> String {
        format!("{}:lease:{{{key}}}", self.0)
    }

    /// Whether other nodes wait for the lease of a key.
    pub(crate) fn lease_waiters(&self, key: &Key) -> String {
        format!("{}:awaited:{{{key}}}", self.0)
    }

    /// The members of the cluster.
    pub(crate) fn membership(&self) -> String {
        format!("{}:membership", self.0)
    }

    /// The channel of notifications.
    pub(crate) fn notifications(&self) -> String {
        format!("{}:words", self.0)
    }
}
