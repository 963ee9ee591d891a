//! The cache: its stores in a row, and what may be used of them.

use std::sync::{Arc, Weak};

use crate::stats::Counter;
use crate::tiers::Tiers;
use crate::{
    CacheEntry, CacheName, Config, Coordinator, DiskStore, Error, Freshness, Key, MemoryStore, Stats, Store,
    Tier,
};

/// A cached entry and the tier it was found in.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The entry, shared with the cache: neither it nor its body is copied.
    pub entry: Arc<CacheEntry>,
    /// The tier that had it.
    pub tier: Tier,
}

/// A cache of several tiers: opened once, shared by all threads. Cloning shares it.
///
/// [`get`](Self::get) asks memory, then the disk, then Redis, and copies a hit into the nearer tiers. [`put`](Self::put)
/// writes to all of them. An entry that was purged after the work on it began is never found, in whatever tier it is.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    tiers: Tiers,
    coordinator: Coordinator,
    max_entry_bytes: u64,
    oversize: Counter,
}

/// The stores of a cache that are configured, nearest first. A new kind of store is one more line here.
async fn open_stores(
    config: &Config,
    name: CacheName,
    coordinator: &Coordinator,
) -> Result<Vec<Box<dyn Store>>, Error> {
    let stores = [
        MemoryStore::from_config(config, name),
        DiskStore::from_config(config, name, coordinator).await?,
        coordinator.configured_store(config, name),
    ];
    Ok(stores.into_iter().flatten().collect())
}

impl Cache {
    /// Opens the cache of this name; one that is not enabled stores nothing.
    ///
    /// Blocks the calling thread while files are opened: call it at start, before requests. `config` is expected to have no
    /// [problems](Config::problems), and `coordinator` to be opened with the same configuration.
    ///
    /// # Errors
    ///
    /// An error of the kind [`Open`](crate::ErrorKind::Open) if the folder of the disk tier cannot be used.
    pub async fn open(config: &Config, name: CacheName, coordinator: &Coordinator) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            tiers: Tiers::new(open_stores(config, name, coordinator).await?),
            coordinator: coordinator.clone(),
            max_entry_bytes: config.max_entry_bytes.0,
            oversize: Counter::default(),
        });
        let cache = Arc::downgrade(&shared);
        coordinator.on_replacement(move |key| {
            let cache = Weak::clone(&cache);
            async move {
                let Some(cache) = cache.upgrade() else { return false };
                cache.tiers.forget_copies(&key).await;
                true
            }
        });
        Ok(Self(shared))
    }

    /// The entry under the key, unless it has expired at the time `now`, in milliseconds since the Unix epoch. It may be
    /// stale: see [`CacheEntry::state`].
    pub async fn get(&self, key: &Key, now: u64) -> Option<Hit> {
        let (entry, tier) = self.0.tiers.get(key, |entry| self.is_usable(entry, now)).await?;
        Some(Hit { entry, tier })
    }

    /// The entry that nodes share, where one is usable at the time `now`; it also replaces the copies of this node.
    pub async fn shared_entry(&self, key: &Key, now: u64) -> Option<Arc<CacheEntry>> {
        self.0.tiers.shared_entry(key, |entry| self.is_usable(entry, now)).await
    }

    /// Puts `entry` in place of `previous`, here and on other nodes, unless another entry has taken its place meanwhile, or
    /// it was purged. Both must have the same generation, tags and lifetimes. Returns whether it was put; other nodes drop
    /// their copies a moment later.
    pub async fn replace(&self, key: Key, previous: &CacheEntry, entry: Arc<CacheEntry>) -> bool {
        let found = self.get(&key, crate::clock::now()).await;
        if !found.is_some_and(|hit| hit.entry.meta == previous.meta) {
            return false;
        }
        self.put(key, entry).await;
        true
    }

    /// Tells other nodes that the entry under the key was replaced, once they can find the new one.
    pub async fn announce_replacement(&self, key: &Key) {
        self.wait_until_shared(key).await;
        self.0.coordinator.announce_replacement(key).await;
    }

    /// Stores the entry in every tier, in place of the previous one. Returns before it is on disk or in Redis.
    ///
    /// An entry larger than `cache.max_entry_bytes` is not stored, and the previous one is removed, since it is outdated. An
    /// entry that was purged while it was made is not stored either.
    pub async fn put(&self, key: Key, entry: Arc<CacheEntry>) {
        if !self.0.coordinator.allows(&entry.meta) {
            return;
        }
        if self.fits(&entry) {
            self.0.tiers.put(key, &entry).await;
            return;
        }
        self.0.oversize.add_one();
        if let Err(error) = self.remove(&key).await {
            tracing::warn!(%error, %key, "cannot remove an outdated entry");
        }
    }

    /// Stores an entry that no other node can make, such as an upload. As [`put`](Self::put), but a tier that several nodes
    /// share has the entry when this returns, even where it does not take all entries, or it cannot be reached.
    pub async fn put_shared(&self, key: Key, entry: Arc<CacheEntry>) {
        self.put(key, Arc::clone(&entry)).await;
        if self.fits(&entry) && self.0.coordinator.allows(&entry.meta) {
            self.0.tiers.share(key, &entry).await;
        }
    }

    /// Whether the entry that was just put under the key outlasts a restart, where there is a disk tier that takes it;
    /// otherwise, whether it is stored at all. Waits for the disk. An entry that is too large for the disk is not expected
    /// to be there.
    pub async fn verify_stored(&self, key: &Key, entry: &Arc<CacheEntry>) -> bool {
        let mut stores = self.0.tiers.stores().skip_while(|store| !store.persists(entry)).peekable();
        if stores.peek().is_none() {
            return self.get(key, crate::clock::now()).await.is_some();
        }
        for store in stores {
            if store.verify(key, entry).await {
                return true;
            }
        }
        false
    }

    /// Removes the key from every tier, for good.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`] if a tier may still have the entry. All other tiers have removed it; try again.
    pub async fn remove(&self, key: &Key) -> Result<(), Error> {
        self.0.tiers.remove(key).await
    }

    /// Removes all entries from every tier, for good. To remove them on every node, [purge](Coordinator::purge).
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`] if a tier may still have entries. All other tiers are empty; try again.
    pub async fn clear(&self) -> Result<(), Error> {
        self.0.tiers.clear().await
    }

    /// Whether other nodes find what is put here now.
    pub fn is_shared(&self) -> bool {
        self.0.tiers.stores().any(Store::is_shared)
    }

    /// Waits until other nodes find what was put last under the key, or it is certain that they will not.
    pub async fn wait_until_shared(&self, key: &Key) {
        for store in self.0.tiers.stores() {
            store.wait_until_shared(key).await;
        }
    }

    /// What the cache has done so far.
    pub fn stats(&self) -> Stats {
        Stats { tiers: self.0.tiers.stats(), oversize: self.0.oversize.read() }
    }

    /// Waits until what was put so far is on disk.
    pub async fn flush(&self) {
        for store in self.0.tiers.stores() {
            store.flush().await;
        }
    }

    /// Writes what is still to be written and closes the folder. Call it at the end: without it, the newest entries on disk
    /// are lost. Afterwards only memory and Redis answer.
    pub async fn close(&self) {
        for store in self.0.tiers.stores() {
            store.close().await;
        }
    }

    fn is_usable(&self, entry: &CacheEntry, now: u64) -> bool {
        entry.state(now) != Freshness::Expired && self.0.coordinator.allows(&entry.meta)
    }

    fn fits(&self, entry: &CacheEntry) -> bool {
        entry.weight() as u64 <= self.0.max_entry_bytes
    }
}
