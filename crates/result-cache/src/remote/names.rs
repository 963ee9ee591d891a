//! The names of keys in Redis.

use crate::envelope::FORMAT;
use crate::{Key, Name};

/// Makes names that begin with the operator's prefix. In a cluster, braces say which part of a name chooses its
/// server: what one script touches has the same there.
#[derive(Debug, Clone)]
pub(crate) struct Names(String);

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        Self(prefix.to_owned())
    }

    /// An entry. Entries live in the space that belongs to a log of purges: should the log be lost, they are
    /// not found any more.
    pub(crate) fn entry(&self, space: &str, cache: Name, key: &Key) -> String {
        format!("{}:{space}:{FORMAT}:{cache}:{key}", self.0)
    }

    /// The stream of purges.
    pub(crate) fn purges(&self) -> String {
        format!("{{{}}}:purges", self.0)
    }

    /// The space of entries that belongs to the log.
    pub(crate) fn space(&self) -> String {
        format!("{{{}}}:space", self.0)
    }

    /// Who is making this.
    pub(crate) fn lease(&self, key: &Key) -> String {
        format!("{}:lease:{{{key}}}", self.0)
    }

    /// Whether somebody waits for it.
    pub(crate) fn awaited(&self, key: &Key) -> String {
        format!("{}:awaited:{{{key}}}", self.0)
    }

    /// The nodes there are.
    pub(crate) fn roster(&self) -> String {
        format!("{}:roster", self.0)
    }

    /// Where it is told that something is made.
    pub(crate) fn words(&self) -> String {
        format!("{}:words", self.0)
    }
}
