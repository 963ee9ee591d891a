//! The tier in memory: entries behind shared pointers, bounded by their weight.

use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use foyer::{CacheBuilder, Event, EventListener, S3FifoConfig};

use crate::stats::Counter;
use crate::{CacheEntry, CacheName, Config, Error, Key, Store, Tier, TierStats};

/// Bytes per entry besides its weight: the record and index of the engine, the shared pointers, and the rounding of the
/// allocator. Measured: 230 bytes with bodies of 100 bytes.
const OVERHEAD: usize = 256;
/// Shards divide the capacity; an entry can take at most half of one.
const ENTRIES_PER_SHARD: u64 = 4;
/// More locks than this gain nothing: a hit takes its lock for reading only.
const MAX_SHARDS: u64 = 16;

/// A store in the memory of this process.
///
/// The eviction policy is S3-FIFO. A new entry is requested again while it passes a small queue, before it may displace
/// an established one: a crawl over all images does not empty the cache. A hit marks its entry under a shared lock; LRU
/// would reorder a list under an exclusive lock.
#[derive(Debug)]
pub struct MemoryStore {
    entries: foyer::Cache<Key, Arc<CacheEntry>>,
    evictions: Arc<Evictions>,
    max_weight: usize,
}

impl MemoryStore {
    /// A store of at most `max_bytes`, meant for entries of up to `max_entry_bytes`. An entry heavier than half of a
    /// shard is not stored; if four of the largest fit, all are stored.
    pub fn new(max_bytes: u64, max_entry_bytes: u64) -> Self {
        let shards = max_bytes / max_entry_bytes.saturating_mul(ENTRIES_PER_SHARD).max(1);
        let shards = shards.clamp(1, MAX_SHARDS) as usize;
        let capacity = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let evictions = Arc::new(Evictions::default());
        let entries = CacheBuilder::new(capacity)
            .with_shards(shards)
            .with_eviction_config(S3FifoConfig::default())
            .with_weighter(|_: &Key, entry: &Arc<CacheEntry>| weight(entry))
            .with_event_listener(Arc::clone(&evictions) as _)
            .build();
        Self { entries, evictions, max_weight: capacity / shards / 2 }
    }

    /// The store of the cache of this name, if it has a share of `cache.memory.max_bytes`.
    pub(crate) fn from_config(config: &Config, name: CacheName) -> Option<Box<dyn Store>> {
        match config.memory_bytes(name) {
            0 => None,
            max_bytes => Some(Box::new(Self::new(max_bytes, config.max_entry_bytes.0))),
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn tier(&self) -> Tier {
        Tier::Memory
    }

    async fn get(&self, key: &Key) -> Option<Arc<CacheEntry>> {
        self.entries.get(key).map(|entry| Arc::clone(entry.value()))
    }

    fn entry_at_once(&self, key: &Key) -> Poll<Option<Arc<CacheEntry>>> {
        Poll::Ready(self.entries.get(key).map(|entry| Arc::clone(entry.value())))
    }

    async fn put(&self, key: Key, entry: Arc<CacheEntry>) {
        if weight(&entry) <= self.max_weight {
            self.entries.insert(key, entry);
        } else {
            // the entry that it would have replaced is outdated
            self.entries.remove(&key);
        }
    }

    async fn remove(&self, key: &Key) -> Result<(), Error> {
        self.entries.remove(key);
        Ok(())
    }

    async fn clear(&self) -> Result<(), Error> {
        // not `clear()`: in foyer 0.22 that removes the entries but not their weight, and the capacity is lost
        self.entries.evict_all();
        Ok(())
    }

    fn stats(&self) -> TierStats {
        TierStats {
            evictions: self.evictions.0.read(),
            bytes: self.entries.usage() as u64,
            capacity: self.entries.capacity() as u64,
            ..TierStats::default()
        }
    }
}

fn weight(entry: &CacheEntry) -> usize {
    entry.weight() + OVERHEAD
}

#[derive(Debug, Default)]
struct Evictions(Counter);

impl EventListener for Evictions {
    type Key = Key;
    type Value = Arc<CacheEntry>;

    fn on_leave(&self, reason: Event, _: &Key, _: &Arc<CacheEntry>) {
        if reason == Event::Evict {
            self.0.add_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EntryMeta;
    use bytes::Bytes;

    const KIB: u64 = 1024;

    fn key(n: usize) -> Key {
        Key::from_parts(&[&n.to_le_bytes()])
    }

    fn entry(len: u64) -> Arc<CacheEntry> {
        let body = Bytes::from(vec![0; usize::try_from(len).unwrap()]);
        Arc::new(CacheEntry { meta: EntryMeta::default(), body })
    }

    #[tokio::test]
    async fn a_hit_shares_the_allocation() {
        let store = MemoryStore::new(100 * KIB, KIB);
        let put = entry(500);
        store.put(key(1), Arc::clone(&put)).await;
        let got = store.get(&key(1)).await.unwrap();
        assert!(Arc::ptr_eq(&got, &put));
        assert_eq!(got.body.as_ptr(), put.body.as_ptr());
        let Poll::Ready(Some(at_once)) = store.entry_at_once(&key(1)) else { panic!("memory never waits") };
        assert!(Arc::ptr_eq(&at_once, &put));
        assert!(store.entry_at_once(&key(2)).map(|found| found.is_none()).is_ready());
    }

    #[tokio::test]
    async fn weight_stays_within_the_capacity() {
        let store = MemoryStore::new(100 * KIB, KIB);
        for n in 0..1000 {
            store.put(key(n), entry(KIB)).await;
        }
        let stats = store.stats();
        assert!(stats.bytes <= stats.capacity && stats.bytes > stats.capacity / 2, "{stats:?}");
        assert!(stats.evictions > 800, "{stats:?}");
    }

    #[tokio::test]
    async fn a_scan_does_not_evict_requested_entries() {
        let store = MemoryStore::new(1000 * KIB, 10 * KIB);
        for n in 0..200 {
            store.put(key(n), entry(KIB)).await;
            store.get(&key(n)).await;
            store.get(&key(n)).await;
        }
        for n in 1000..11_000 {
            store.put(key(n), entry(KIB)).await;
        }
        let mut kept = 0;
        for n in 0..200 {
            kept += usize::from(store.get(&key(n)).await.is_some());
        }
        assert!(kept >= 180, "only {kept} of 200 survived the scan");
    }

    #[tokio::test]
    async fn an_entry_heavier_than_half_a_shard_is_not_stored_and_evicts_nothing() {
        let store = MemoryStore::new(10 * KIB, 100 * KIB);
        store.put(key(1), entry(KIB)).await;
        store.put(key(2), entry(6 * KIB)).await;
        assert!(store.get(&key(1)).await.is_some());
        assert!(store.get(&key(2)).await.is_none());
        store.put(key(1), entry(6 * KIB)).await;
        assert!(store.get(&key(1)).await.is_none(), "the older one must not come back");
    }

    #[tokio::test]
    async fn all_capacity_is_free_after_clearing() {
        let store = MemoryStore::new(100 * KIB, 10 * KIB);
        for round in 0..3 {
            for n in 0..40 {
                store.put(key(n), entry(KIB)).await;
            }
            for n in 0..40 {
                assert!(store.get(&key(n)).await.is_some(), "entry {n} lost in round {round}");
            }
            store.clear().await.unwrap();
            assert_eq!(store.stats().bytes, 0);
        }
    }

    #[tokio::test]
    async fn four_of_the_largest_fit() {
        let store = MemoryStore::new(4 * (10 * KIB + KIB), 10 * KIB + KIB);
        for n in 0..4 {
            store.put(key(n), entry(10 * KIB)).await;
        }
        for n in 0..4 {
            assert!(store.get(&key(n)).await.is_some(), "entry {n}");
        }
    }
}
