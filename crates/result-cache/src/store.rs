//! The contract of a store.

use std::fmt;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;

use crate::{CacheEntry, Error, Key, Tier, TierStats};

/// Stores entries by key. It may lose any of them at any time.
///
/// A store knows nothing of freshness, of purges, and of other stores: [`Cache`](crate::Cache) asks its stores one after the
/// other, nearest first, and copies what it finds into the nearer ones. To add a store, implement the first five methods and
/// add it to the list in `cache.rs`; the other methods have defaults that suit a store in the memory of this process.
///
/// A store logs and counts its own failures: a failed read is a miss, a failed write is dropped. Only removing can fail,
/// because its caller has to know that old bytes may come back.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Which tier this is.
    fn tier(&self) -> Tier;

    /// The entry that was put last under the key, if it is still stored.
    async fn get(&self, key: &Key) -> Option<Arc<CacheEntry>>;

    /// As [`get`](Self::get), by a store that never waits: a hit then needs no boxed future. `Pending`: ask `get`.
    fn entry_at_once(&self, _key: &Key) -> Poll<Option<Arc<CacheEntry>>> {
        Poll::Pending
    }

    /// Stores the entry. Returns before slow work is done. The previous entry is never found again. The new one is found at
    /// once, unless the key was put a moment ago: then it may take as long as a write takes.
    async fn put(&self, key: Key, entry: Arc<CacheEntry>);

    /// Removes the key: once this has returned `Ok`, `get` misses, also after a restart.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`] if the entry may still be stored and come back.
    async fn remove(&self, key: &Key) -> Result<(), Error>;

    /// Removes all keys, as [`remove`](Self::remove) removes one.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`] if entries may still be stored and come back.
    async fn clear(&self) -> Result<(), Error>;

    /// What the store itself counts and measures. Hits, misses and puts are counted by the cache.
    fn stats(&self) -> TierStats {
        TierStats::default()
    }

    /// Waits until everything that was put so far is stored, or has failed to be.
    async fn flush(&self) {}

    /// Stores what is left and releases what is held. Afterwards a store on disk is empty and accepts nothing.
    async fn close(&self) {}

    /// Whether this entry is meant to outlast a restart of this process.
    fn persists(&self, _entry: &CacheEntry) -> bool {
        false
    }

    /// Waits until what was put last under the key is stored, and compares it: false if it is not this entry.
    async fn verify(&self, key: &Key, entry: &Arc<CacheEntry>) -> bool {
        self.get(key).await.is_some_and(|found| found == *entry)
    }

    /// Whether the cache puts every entry here. If not, it reads and removes entries, and [shares](Self::share) some.
    fn accepts_puts(&self) -> bool {
        true
    }

    /// Whether other nodes find what is put here now.
    fn is_shared(&self) -> bool {
        false
    }

    /// Stores the entry for other nodes, whatever its size and whatever [`accepts_puts`](Self::accepts_puts) says, and
    /// returns when that is done or has failed. A store of this node alone does nothing.
    async fn share(&self, _key: Key, _entry: Arc<CacheEntry>) {}

    /// Waits until other nodes find what was put last under the key, or it is certain that they will not.
    async fn wait_until_shared(&self, _key: &Key) {}
}
