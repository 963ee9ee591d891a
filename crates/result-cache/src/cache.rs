//! The tiers in front of each other: nearest first, and what is found farther away moves nearer.

use std::sync::Arc;

use crate::stats::{Counter, Counters};
use crate::versions::Versions;
use crate::{
    Config, DiskSettings, DiskStore, Envelope, Error, Freshness, Key, MemoryStore, Name, Stats, Store, Tier,
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
/// `get` asks memory, then the disk, and copies a hit on disk into memory. `put` writes all tiers. A further
/// tier is another [`Store`] behind the disk, treated as the disk is here.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Tiers>);

#[derive(Debug)]
struct Tiers {
    memory: Option<MemoryStore>,
    disk: Option<DiskStore>,
    versions: Versions,
    max_entry_bytes: u64,
    in_memory: Counters,
    on_disk: Counters,
    oversize: Counter,
}

impl Cache {
    /// Opens the cache of this name; one that is not enabled never holds anything. Works on the calling
    /// thread and touches the disk: call it at start, before requests. `config` is expected to have no
    /// problems.
    pub async fn open(config: &Config, name: Name) -> Result<Self, Error> {
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
        Ok(Self(Arc::new(Tiers {
            memory,
            disk,
            versions: Versions::default(),
            max_entry_bytes,
            in_memory: Counters::default(),
            on_disk: Counters::default(),
            oversize: Counter::default(),
        })))
    }

    /// The envelope under the key, unless it has expired at the time `now`, in milliseconds since the Unix
    /// epoch.
    pub async fn get(&self, key: &Key, now: u64) -> Option<Hit> {
        let tiers = &*self.0;
        if let Some(memory) = &tiers.memory
            && let Some(envelope) = look_up(memory, &tiers.in_memory, key, now).await
        {
            return Some(Hit { envelope, tier: Tier::Memory });
        }
        let disk = tiers.disk.as_ref()?;
        let version = tiers.versions.of(key);
        let envelope = look_up(disk, &tiers.on_disk, key, now).await?;
        tiers.promote(*key, &envelope, version).await;
        Some(Hit { envelope, tier: Tier::Disk })
    }

    /// Keeps the envelope in every tier, in place of what was there. Returns before anything is on disk. One
    /// that is too large is not kept, and what was there is forgotten as out of date.
    pub async fn put(&self, key: Key, envelope: Arc<Envelope>) {
        let tiers = &*self.0;
        if envelope.weight() as u64 > tiers.max_entry_bytes {
            tiers.oversize.add_one();
            if let Err(error) = self.remove(&key).await {
                tracing::warn!(%error, %key, "cannot forget an outdated entry");
            }
            return;
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
        self.put(key, envelope).await;
    }

    /// Forgets the key in every tier, for good. On an error every other tier has forgotten it; try again.
    pub async fn remove(&self, key: &Key) -> Result<(), Error> {
        let tiers = &*self.0;
        let far = match &tiers.disk {
            Some(disk) => disk.remove(key).await,
            None => Ok(()),
        };
        tiers.versions.change(key);
        let near = match &tiers.memory {
            Some(memory) => memory.remove(key).await,
            None => Ok(()),
        };
        far.and(near)
    }

    /// Forgets everything in every tier, for good. On an error every other tier is empty; try again.
    pub async fn clear(&self) -> Result<(), Error> {
        let tiers = &*self.0;
        let far = match &tiers.disk {
            Some(disk) => disk.clear().await,
            None => Ok(()),
        };
        tiers.versions.change_all();
        let near = match &tiers.memory {
            Some(memory) => memory.clear().await,
            None => Ok(()),
        };
        far.and(near)
    }

    /// What the cache has done so far.
    pub fn stats(&self) -> Stats {
        let tiers = &*self.0;
        Stats {
            memory: tiers.memory.as_ref().map(|memory| tiers.in_memory.with(memory.stats())),
            disk: tiers.disk.as_ref().map(|disk| tiers.on_disk.with(disk.stats())),
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
    /// Copies a hit into memory, unless the key changed since `version` was read.
    async fn promote(&self, key: Key, envelope: &Arc<Envelope>, version: u64) {
        let Some(memory) = &self.memory else { return };
        self.in_memory.puts.add_one();
        memory.put(key, Arc::clone(envelope)).await;
        if self.versions.of(&key) != version
            && let Err(error) = memory.remove(&key).await
        {
            tracing::warn!(%error, %key, "cannot take back an outdated entry");
        }
    }
}

async fn look_up(store: &impl Store, counters: &Counters, key: &Key, now: u64) -> Option<Arc<Envelope>> {
    let found = store.get(key).await.filter(|envelope| envelope.state(now) != Freshness::Expired);
    let counter = if found.is_some() { &counters.hits } else { &counters.misses };
    counter.add_one();
    found
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
        let cache = Cache::open(&Config::default(), Name::Results).await.unwrap();
        let key = Key::of(&[b"a"]);

        let version = cache.0.versions.of(&key);
        cache.0.promote(key, &envelope("old"), version).await;
        assert_eq!(in_memory(&cache, &key).await, Some(envelope("old")), "nothing changed");

        let version = cache.0.versions.of(&key);
        cache.remove(&key).await.unwrap();
        cache.0.promote(key, &envelope("old"), version).await;
        assert_eq!(in_memory(&cache, &key).await, None, "it was removed meanwhile");

        let version = cache.0.versions.of(&key);
        cache.clear().await.unwrap();
        cache.0.promote(key, &envelope("old"), version).await;
        assert_eq!(in_memory(&cache, &key).await, None, "all was cleared meanwhile");

        let version = cache.0.versions.of(&key);
        cache.put(key, envelope("new")).await;
        cache.0.promote(key, &envelope("old"), version).await;
        assert_ne!(in_memory(&cache, &key).await, Some(envelope("old")), "it was replaced meanwhile");
    }
}
