//! The contract of a place that keeps envelopes.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::{CacheEntry, Error, Key};

/// Where an entry came from, nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// This process.
    Memory,
    /// A folder of this machine.
    Disk,
    /// A Redis shared by several machines.
    Redis,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Redis => "redis",
        })
    }
}

/// Keeps envelopes, and may lose any of them at any time.
///
/// A store knows nothing of freshness and nothing of other stores: [`Cache`](crate::Cache) asks one after the
/// other, nearest first, and copies what it finds into the nearer ones. Dispatch is static, so the methods
/// are plain async functions and a hit in memory allocates nothing.
///
/// ClientError of a store's own is its own to log and to count: reading gives a miss, writing is dropped. Only
/// forgetting can fail, because whoever asked for it must know that old bytes may come back.
pub trait Store: Send + Sync {
    /// Which tier this is.
    fn tier(&self) -> Tier;

    /// The entry last put under the key, if it is still here.
    fn get(&self, key: &Key) -> impl Future<Output = Option<Arc<CacheEntry>>> + Send;

    /// Keeps the entry. Returns before slow work is done. What was there before is never seen again; the new
    /// one is seen at once, unless the key was put a moment ago: then it may take as long as writing takes.
    fn put(&self, key: Key, entry: Arc<CacheEntry>) -> impl Future<Output = ()> + Send;

    /// Forgets the key: once this has returned, `get` misses, after a restart too.
    fn remove(&self, key: &Key) -> impl Future<Output = Result<(), Error>> + Send;

    /// Forgets everything, as [`remove`](Self::remove) does one key.
    fn clear(&self) -> impl Future<Output = Result<(), Error>> + Send;
}
