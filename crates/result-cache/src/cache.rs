//! The tiers in front of each other: nearest first, and what is found farther away moves nearer.

use std::sync::Arc;

use crate::promotion_guard::PromotionGuard;
use crate::stats::{Counter, Counters};
use crate::{
    CacheEntry, CacheName, Config, Coordinator, DiskSettings, DiskStore, Error, Freshness, Key, MemoryStore,
    RedisSettings, RedisStore, Stats, Store, Tier,
};

/// A cached entry and where it was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The entry, shared with the cache: neither it nor its body is copied.
    pub entry: Arc<CacheEntry>,
    /// The tier that had it.
    pub tier: Tier,
}

/// A cache that is opened once and shared by all threads; cloning shares it.
///
/// `get` asks memory, then the disk, then Redis, and copies a hit into the nearer tiers. `put` writes all
/// tiers. What was purged since the making of it began is never found, wherever it is.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Tiers>);

#[derive(Debug)]
struct Tiers {
    memory: Option<MemoryStore>,
    disk: Option<DiskStore>,
    redis: Option<RedisStore>,
    /// Whether everything goes to Redis, or only what no other node can make.
    shares_all: bool,
    coordinator: Coordinator,
    guard: PromotionGuard,
    max_entry_bytes: u64,
    in_memory: Counters,
    on_disk: Counters,
    in_redis: Counters,
    oversize: Counter,
}

impl Cache {
    /// Opens the cache of this name; one that is not enabled never holds anything. Works on the calling
    /// thread and touches the disk: call it at start, before requests. `config` is expected to have no
    /// problems, and `coordinator` to be opened by the same.
    pub async fn open(config: &Config, name: CacheName, coordinator: &Coordinator) -> Result<Self, Error> {
        let max_entry_bytes = config.max_entry_bytes.0;
        let memory = match config.memory_bytes(name) {
            0 => None,
            max_bytes => Some(MemoryStore::new(max_bytes, max_entry_bytes)),
        };
        let disk = match config.disk_bytes(name) {
            0 => None,
            max_bytes => {
                let folder = config.disk.path.join(name.to_string());
                Some(DiskStore::open(DiskSettings { folder, max_bytes, max_entry_bytes }).await?)
            }
        };
        if let Some(disk) = disk.as_ref().filter(|_| coordinator.distrusts_disk()) {
            disk.clear().await?;
        }
        let settings = RedisSettings::new(&config.redis, name, max_entry_bytes);
        let redis = if config.enabled(name) { coordinator.redis_store(settings) } else { None };
        Ok(Self(Arc::new(Tiers {
            memory,
            disk,
            redis,
            shares_all: config.shares_all(name),
            coordinator: coordinator.clone(),
            guard: PromotionGuard::default(),
            max_entry_bytes,
            in_memory: Counters::default(),
            on_disk: Counters::default(),
            in_redis: Counters::default(),
            oversize: Counter::default(),
        })))
    }

    /// The entry under the key, unless it has expired at the time `now`, in milliseconds since the Unix
    /// epoch.
    pub async fn get(&self, key: &Key, now: u64) -> Option<Hit> {
        let tiers = &*self.0;
        if let Some(memory) = &tiers.memory
            && let Some(entry) = tiers.lookup(memory, &tiers.in_memory, key, now).await
        {
            return Some(Hit { entry, tier: Tier::Memory });
        }
        let version = tiers.guard.version(key);
        if let Some(disk) = &tiers.disk
            && let Some(entry) = tiers.lookup(disk, &tiers.on_disk, key, now).await
        {
            tiers.promote(*key, &entry, version, Tier::Disk).await;
            return Some(Hit { entry, tier: Tier::Disk });
        }
        let redis = tiers.redis.as_ref()?;
        let entry = tiers.lookup(redis, &tiers.in_redis, key, now).await?;
        tiers.promote(*key, &entry, version, Tier::Redis).await;
        Some(Hit { entry, tier: Tier::Redis })
    }

    /// Keeps the entry in every tier, in place of what was there. Returns before anything is on disk. One
    /// that is too large is not kept, and what was there is forgotten as out of date. Neither is one that was
    /// purged while it was made.
    pub async fn put(&self, key: Key, entry: Arc<CacheEntry>) {
        let tiers = &*self.0;
        if !tiers.coordinator.allows(&entry.meta) {
            return;
        }
        if entry.weight() as u64 > tiers.max_entry_bytes {
            tiers.oversize.add_one();
            if let Err(error) = self.remove(&key).await {
                tracing::warn!(%error, %key, "cannot forget an outdated entry");
            }
            return;
        }
        if let Some(redis) = tiers.redis.as_ref().filter(|_| tiers.shares_all) {
            tiers.in_redis.puts.add_one();
            redis.put(key, Arc::clone(&entry)).await;
        }
        if let Some(disk) = &tiers.disk {
            tiers.on_disk.puts.add_one();
            disk.put(key, Arc::clone(&entry)).await;
        }
        tiers.guard.invalidate(&key);
        if let Some(memory) = &tiers.memory {
            tiers.in_memory.puts.add_one();
            memory.put(key, entry).await;
        }
    }

    /// Keeps what no other node can make: an upload, say. As [`put`](Self::put), but a tier that several machines share
    /// has it when this returns, whatever else is kept there, or cannot be reached.
    pub async fn put_shared(&self, key: Key, entry: Arc<CacheEntry>) {
        self.put(key, Arc::clone(&entry)).await;
        let tiers = &*self.0;
        let fits = entry.weight() as u64 <= tiers.max_entry_bytes;
        if let Some(redis) = tiers.redis.as_ref().filter(|_| fits && tiers.coordinator.allows(&entry.meta)) {
            redis.put_now(key, entry).await;
        }
    }

    /// Whether what was just put under the key outlasts a restart, where there is a disk for that; else, whether it is
    /// kept at all. Waits for the disk. One that is too large for the disk was never meant to be there.
    pub async fn verify_stored(&self, key: &Key, entry: &Arc<CacheEntry>) -> bool {
        let tiers = &*self.0;
        let Some(disk) = tiers.disk.as_ref().filter(|disk| disk.fits(entry)) else {
            return self.get(key, crate::clock::now()).await.is_some();
        };
        if disk.has_written(key, entry).await {
            return true;
        }
        match &tiers.redis {
            Some(redis) => redis.get(key).await.is_some_and(|found| found == *entry),
            None => false,
        }
    }

    /// Forgets the key in every tier, for good. On an error every other tier has forgotten it; try again.
    pub async fn remove(&self, key: &Key) -> Result<(), Error> {
        let tiers = &*self.0;
        let shared = match &tiers.redis {
            Some(redis) => redis.remove(key).await,
            None => Ok(()),
        };
        let far = match &tiers.disk {
            Some(disk) => disk.remove(key).await,
            None => Ok(()),
        };
        tiers.guard.invalidate(key);
        let near = match &tiers.memory {
            Some(memory) => memory.remove(key).await,
            None => Ok(()),
        };
        shared.and(far).and(near)
    }

    /// Forgets everything in every tier, for good. On an error every other tier is empty; try again. To forget
    /// on every node, [purge](Coordinator::purge).
    pub async fn clear(&self) -> Result<(), Error> {
        let tiers = &*self.0;
        let shared = match &tiers.redis {
            Some(redis) => redis.clear().await,
            None => Ok(()),
        };
        let far = match &tiers.disk {
            Some(disk) => disk.clear().await,
            None => Ok(()),
        };
        tiers.guard.invalidate_all();
        let near = match &tiers.memory {
            Some(memory) => memory.clear().await,
            None => Ok(()),
        };
        shared.and(far).and(near)
    }

    /// Whether other nodes find what is put here.
    pub fn is_shared(&self) -> bool {
        self.0.redis.is_some() && self.0.shares_all && self.0.coordinator.is_connected()
    }

    /// Waits until other nodes can find what was put last under the key, or it is plain that they will not.
    pub async fn wait_until_shared(&self, key: &Key) {
        if let Some(redis) = &self.0.redis {
            redis.written(key).await;
        }
    }

    /// What the cache has done so far.
    pub fn stats(&self) -> Stats {
        let tiers = &*self.0;
        Stats {
            memory: tiers.memory.as_ref().map(|memory| tiers.in_memory.with(memory.stats())),
            disk: tiers.disk.as_ref().map(|disk| tiers.on_disk.with(disk.stats())),
            redis: tiers.redis.as_ref().map(|redis| tiers.in_redis.with(redis.stats())),
            oversize: tiers.oversize.read(),
        }
    }

    /// Waits until what was put so far is on disk.
    pub async fn flush(&self) {
        if let Some(disk) = &self.0.disk {
            disk.flush().await;
        }
    }

    /// WriteBehind what is still to be written and lets go of the folder. Call it at the end: without it, the
    /// newest entries on disk are lost. Afterwards only the tier in memory answers.
    pub async fn close(&self) {
        if let Some(disk) = &self.0.disk {
            disk.close().await;
        }
    }
}

impl Tiers {
    /// Copies a hit into the tiers nearer than where it was found, unless the key changed since `version` was
    /// read.
    async fn promote(&self, key: Key, entry: &Arc<CacheEntry>, version: u64, found: Tier) {
        if let Some(disk) = self.disk.as_ref().filter(|_| found > Tier::Disk) {
            self.on_disk.puts.add_one();
            disk.put(key, Arc::clone(entry)).await;
            self.undo_if_changed(disk, key, version).await;
        }
        if let Some(memory) = &self.memory {
            self.in_memory.puts.add_one();
            memory.put(key, Arc::clone(entry)).await;
            self.undo_if_changed(memory, key, version).await;
        }
    }

    async fn undo_if_changed(&self, store: &impl Store, key: Key, version: u64) {
        if self.guard.version(&key) != version
            && let Err(error) = store.remove(&key).await
        {
            tracing::warn!(%error, %key, "cannot take back an outdated entry");
        }
    }

    async fn lookup(
        &self,
        store: &impl Store,
        counters: &Counters,
        key: &Key,
        now: u64,
    ) -> Option<Arc<CacheEntry>> {
        let usable = |entry: &Arc<CacheEntry>| {
            entry.state(now) != Freshness::Expired && self.coordinator.allows(&entry.meta)
        };
        let found = store.get(key).await.filter(usable);
        let counter = if found.is_some() { &counters.hits } else { &counters.misses };
        counter.add_one();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EntryMeta;
    use bytes::Bytes;

    fn entry(body: &'static str) -> Arc<CacheEntry> {
        let meta = EntryMeta { stored_at: 0, ..EntryMeta::default() };
        Arc::new(CacheEntry { meta, body: Bytes::from_static(body.as_bytes()) })
    }

    async fn in_memory(cache: &Cache, key: &Key) -> Option<Arc<CacheEntry>> {
        cache.0.memory.as_ref().unwrap().get(key).await
    }

    #[tokio::test]
    async fn what_changed_while_the_disk_was_read_is_not_brought_back() {
        let config = Config::default();
        let cache =
            Cache::open(&config, CacheName::Results, &Coordinator::open(&config).unwrap()).await.unwrap();
        let key = Key::from_parts(&[b"a"]);

        let version = cache.0.guard.version(&key);
        cache.0.promote(key, &entry("old"), version, Tier::Disk).await;
        assert_eq!(in_memory(&cache, &key).await, Some(entry("old")), "nothing changed");

        let version = cache.0.guard.version(&key);
        cache.remove(&key).await.unwrap();
        cache.0.promote(key, &entry("old"), version, Tier::Disk).await;
        assert_eq!(in_memory(&cache, &key).await, None, "it was removed meanwhile");

        let version = cache.0.guard.version(&key);
        cache.clear().await.unwrap();
        cache.0.promote(key, &entry("old"), version, Tier::Disk).await;
        assert_eq!(in_memory(&cache, &key).await, None, "all was cleared meanwhile");

        let version = cache.0.guard.version(&key);
        cache.put(key, entry("new")).await;
        cache.0.promote(key, &entry("old"), version, Tier::Disk).await;
        assert_ne!(in_memory(&cache, &key).await, Some(entry("old")), "it was replaced meanwhile");
    }
}
