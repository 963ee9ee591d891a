//! The tiers in front of each other: nearest first, and what is found farther away moves nearer.

use std::sync::Arc;

use crate::stats::{Counter, Counters};
use crate::versions::Versions;
use crate::{
    Config, DiskSettings, DiskStore, Envelope, Error, Freshness, Key, MemoryStore, Name, Peers,
    RedisSettings, RedisStore, Stats, Store, Tier,
};

/// A cached envelope and where it was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The envelope, shared with the cache: neither it nor its body is copied.
    pub envelope: Arc<Envelope>,
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
    peers: Peers,
    versions: Versions,
    max_entry_bytes: u64,
    in_memory: Counters,
    on_disk: Counters,
    in_redis: Counters,
    oversize: Counter,
}

impl Cache {
    /// Opens the cache of this name; one that is not enabled never holds anything. Works on the calling
    /// thread and touches the disk: call it at start, before requests. `config` is expected to have no
    /// problems, and `peers` to be opened by the same.
    pub async fn open(config: &Config, name: Name, peers: &Peers) -> Result<Self, Error> {
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
        if let Some(disk) = disk.as_ref().filter(|_| peers.distrusts_disk()) {
            disk.clear().await?;
        }
        let settings = RedisSettings::new(&config.redis, name, max_entry_bytes);
        let redis = if config.enabled(name) { peers.store(settings) } else { None };
        Ok(Self(Arc::new(Tiers {
            memory,
            disk,
            redis,
            shares_all: config.shares_all(name),
            peers: peers.clone(),
            versions: Versions::default(),
            max_entry_bytes,
            in_memory: Counters::default(),
            on_disk: Counters::default(),
            in_redis: Counters::default(),
            oversize: Counter::default(),
        })))
    }

    /// The envelope under the key, unless it has expired at the time `now`, in milliseconds since the Unix
    /// epoch.
    pub async fn get(&self, key: &Key, now: u64) -> Option<Hit> {
        let tiers = &*self.0;
        if let Some(memory) = &tiers.memory
            && let Some(envelope) = tiers.look_up(memory, &tiers.in_memory, key, now).await
        {
            return Some(Hit { envelope, tier: Tier::Memory });
        }
        let version = tiers.versions.of(key);
        if let Some(disk) = &tiers.disk
            && let Some(envelope) = tiers.look_up(disk, &tiers.on_disk, key, now).await
        {
            tiers.promote(*key, &envelope, version, Tier::Disk).await;
            return Some(Hit { envelope, tier: Tier::Disk });
        }
        let redis = tiers.redis.as_ref()?;
        let envelope = tiers.look_up(redis, &tiers.in_redis, key, now).await?;
        tiers.promote(*key, &envelope, version, Tier::Redis).await;
        Some(Hit { envelope, tier: Tier::Redis })
    }

    /// Keeps the envelope in every tier, in place of what was there. Returns before anything is on disk. One
    /// that is too large is not kept, and what was there is forgotten as out of date. Neither is one that was
    /// purged while it was made.
    pub async fn put(&self, key: Key, envelope: Arc<Envelope>) {
        let tiers = &*self.0;
        if !tiers.peers.allows(&envelope.meta) {
            return;
        }
        if envelope.weight() as u64 > tiers.max_entry_bytes {
            tiers.oversize.add_one();
            if let Err(error) = self.remove(&key).await {
                tracing::warn!(%error, %key, "cannot forget an outdated entry");
            }
            return;
        }
        if let Some(redis) = tiers.redis.as_ref().filter(|_| tiers.shares_all) {
            tiers.in_redis.puts.add_one();
            redis.put(key, Arc::clone(&envelope)).await;
        }
        if let Some(disk) = &tiers.disk {
            tiers.on_disk.puts.add_one();
            disk.put(key, Arc::clone(&envelope)).await;
        }
        tiers.versions.change(&key);
        if let Some(memory) = &tiers.memory {
            tiers.in_memory.puts.add_one();
            memory.put(key, envelope).await;
        }
    }

    /// Keeps what no other node can make: an upload, say. As [`put`](Self::put), but a tier that several machines share
    /// has it when this returns, whatever else is kept there, or cannot be reached.
    pub async fn put_shared(&self, key: Key, envelope: Arc<Envelope>) {
        self.put(key, Arc::clone(&envelope)).await;
        let tiers = &*self.0;
        let fits = envelope.weight() as u64 <= tiers.max_entry_bytes;
        if let Some(redis) = tiers.redis.as_ref().filter(|_| fits && tiers.peers.allows(&envelope.meta)) {
            redis.put_now(key, envelope).await;
        }
    }

    /// Whether what was just put under the key outlasts a restart, where there is a disk for that; else, whether it is
    /// kept at all. Waits for the disk. One that is too large for the disk was never meant to be there.
    pub async fn has_stored(&self, key: &Key, envelope: &Arc<Envelope>) -> bool {
        let tiers = &*self.0;
        let Some(disk) = tiers.disk.as_ref().filter(|disk| disk.fits(envelope)) else {
            return self.get(key, crate::clock::now()).await.is_some();
        };
        if disk.has_written(key, envelope).await {
            return true;
        }
        match &tiers.redis {
            Some(redis) => redis.get(key).await.is_some_and(|found| found == *envelope),
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
        tiers.versions.change(key);
        let near = match &tiers.memory {
            Some(memory) => memory.remove(key).await,
            None => Ok(()),
        };
        shared.and(far).and(near)
    }

    /// Forgets everything in every tier, for good. On an error every other tier is empty; try again. To forget
    /// on every node, [purge](Peers::purge).
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
        tiers.versions.change_all();
        let near = match &tiers.memory {
            Some(memory) => memory.clear().await,
            None => Ok(()),
        };
        shared.and(far).and(near)
    }

    /// Whether other nodes find what is put here.
    pub fn is_shared(&self) -> bool {
        self.0.redis.is_some() && self.0.shares_all && self.0.peers.is_connected()
    }

    /// Waits until other nodes can find what was put last under the key, or it is plain that they will not.
    pub async fn shared(&self, key: &Key) {
        if let Some(redis) = &self.0.redis {
            redis.settled(key).await;
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

    /// Writes what is still to be written and lets go of the folder. Call it at the end: without it, the
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
    async fn promote(&self, key: Key, envelope: &Arc<Envelope>, version: u64, found: Tier) {
        if let Some(disk) = self.disk.as_ref().filter(|_| found > Tier::Disk) {
            self.on_disk.puts.add_one();
            disk.put(key, Arc::clone(envelope)).await;
            self.take_back(disk, key, version).await;
        }
        if let Some(memory) = &self.memory {
            self.in_memory.puts.add_one();
            memory.put(key, Arc::clone(envelope)).await;
            self.take_back(memory, key, version).await;
        }
    }

    async fn take_back(&self, store: &impl Store, key: Key, version: u64) {
        if self.versions.of(&key) != version
            && let Err(error) = store.remove(&key).await
        {
            tracing::warn!(%error, %key, "cannot take back an outdated entry");
        }
    }

    async fn look_up(
        &self,
        store: &impl Store,
        counters: &Counters,
        key: &Key,
        now: u64,
    ) -> Option<Arc<Envelope>> {
        let usable = |envelope: &Arc<Envelope>| {
            envelope.state(now) != Freshness::Expired && self.peers.allows(&envelope.meta)
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
    use crate::Meta;
    use bytes::Bytes;

    fn envelope(body: &'static str) -> Arc<Envelope> {
        let meta = Meta { stored_at: 0, ..Meta::default() };
        Arc::new(Envelope { meta, body: Bytes::from_static(body.as_bytes()) })
    }

    async fn in_memory(cache: &Cache, key: &Key) -> Option<Arc<Envelope>> {
        cache.0.memory.as_ref().unwrap().get(key).await
    }

    #[tokio::test]
    async fn what_changed_while_the_disk_was_read_is_not_brought_back() {
        let config = Config::default();
        let cache = Cache::open(&config, Name::Results, &Peers::open(&config).unwrap()).await.unwrap();
        let key = Key::of(&[b"a"]);

        let version = cache.0.versions.of(&key);
        cache.0.promote(key, &envelope("old"), version, Tier::Disk).await;
        assert_eq!(in_memory(&cache, &key).await, Some(envelope("old")), "nothing changed");

        let version = cache.0.versions.of(&key);
        cache.remove(&key).await.unwrap();
        cache.0.promote(key, &envelope("old"), version, Tier::Disk).await;
        assert_eq!(in_memory(&cache, &key).await, None, "it was removed meanwhile");

        let version = cache.0.versions.of(&key);
        cache.clear().await.unwrap();
        cache.0.promote(key, &envelope("old"), version, Tier::Disk).await;
        assert_eq!(in_memory(&cache, &key).await, None, "all was cleared meanwhile");

        let version = cache.0.versions.of(&key);
        cache.put(key, envelope("new")).await;
        cache.0.promote(key, &envelope("old"), version, Tier::Disk).await;
        assert_ne!(in_memory(&cache, &key).await, Some(envelope("old")), "it was replaced meanwhile");
    }
}
