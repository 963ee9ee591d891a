//! The tiers of a cache.

use std::fmt;

/// Which tier of the cache an entry came from, nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// The memory of this process.
    Memory,
    /// A folder on this machine.
    Disk,
    /// A Redis that several nodes share.
    Redis,
}

impl Tier {
    /// Its name in metrics, logs and headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Redis => "redis",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
