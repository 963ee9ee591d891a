//! The disk tier: a ring of blocks in a folder, which outlives the process.

mod blocks;
mod device;
mod engine;
mod folder;
mod record;
mod supervisor;

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::{CacheEntry, CacheName, Config, Coordinator, Error, Key, Store, Tier, TierStats};
use blocks::Sizes;
use device::{CHECK_ATTEMPTS, Device, WRITE_TIMEOUT};
use engine::Engine;
use folder::Folder;

/// Timeout of writing what is left at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Location and size of a disk store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskSettings {
    /// Its folder; created if there is none, used by no other cache. Files of another size or release in it are removed.
    pub folder: PathBuf,
    /// Capacity in bytes.
    pub max_bytes: u64,
    /// Weight of the largest entry to expect, in bytes. If the capacity is less than eight times that, the largest entries
    /// do not fit.
    pub max_entry_bytes: u64,
}

/// A store in a folder on this machine.
///
/// The disk is read and written on threads of the store, which also encode, decode and verify entries: the caller only
/// waits. If entries come faster than the disk takes them, some are not written. The oldest block is freed for new entries.
///
/// A disk that fails or hangs causes misses and warnings. After five consecutive failed reads a circuit breaker opens and
/// the disk is not read for 30 seconds. Writing is checked at most every five seconds, because the engine reports no failed
/// writes. A disk that cannot be written is not used for 30 seconds and then reopened, empty: its files may have been
/// replaced or removed meanwhile, and a failed write leaves the engine in an undefined state.
#[derive(Debug)]
pub struct DiskStore(Arc<Device>);

impl DiskStore {
    /// Opens the folder and recovers the entries of earlier runs. Damaged files are no error: their entries are lost, and
    /// each entry is verified when it is read.
    ///
    /// # Errors
    ///
    /// An error of the kind [`Open`](crate::ErrorKind::Open) if the folder cannot be used or is in use.
    pub async fn open(settings: DiskSettings) -> Result<Self, Error> {
        let sizes = Sizes::new(settings.max_bytes, settings.max_entry_bytes);
        let folder = Arc::new(Folder::open(&settings.folder, sizes)?);
        let (sender, opened) = oneshot::channel();
        Engine::start(Arc::clone(&folder), sizes, move |engine| drop(sender.send(engine)))?;
        let engine = opened.await.map_err(Error::start)??;
        Ok(Self(Arc::new(Device::new(engine, folder, sizes))))
    }

    /// The store of the cache of this name, if it has a share of `cache.disk.max_bytes`. It is emptied if the record of
    /// purges was lost: nobody knows which of its entries were purged.
    pub(crate) async fn from_config(
        config: &Config,
        name: CacheName,
        coordinator: &Coordinator,
    ) -> Result<Option<Box<dyn Store>>, Error> {
        let (max_bytes, max_entry_bytes) = (config.disk_bytes(name), config.max_entry_bytes.0);
        if max_bytes == 0 {
            return Ok(None);
        }
        let folder = config.disk.path.join(name.to_string());
        // takes seconds per 100 GB: a part of the capacity is read
        tracing::info!(cache = %name, max_bytes, "opening the disk cache");
        let store = Self::open(DiskSettings { folder, max_bytes, max_entry_bytes }).await?;
        if coordinator.distrusts_disk() {
            store.clear().await?;
        }
        Ok(Some(Box::new(store)))
    }

    fn fits(&self, entry: &CacheEntry) -> bool {
        entry.weight() <= self.0.sizes.max_weight()
    }
}

#[async_trait]
impl Store for DiskStore {
    fn tier(&self) -> Tier {
        Tier::Disk
    }

    async fn get(&self, key: &Key) -> Option<Arc<CacheEntry>> {
        let engine = self.0.engine()?;
        let key = self.0.key(key);
        // most misses end here
        if !engine.may_have(&key) || !self.0.reading.allows(Instant::now()) {
            return None;
        }
        match engine.read(key).await {
            Ok(found) => {
                self.0.reading.succeeded(Instant::now());
                found
            }
            Err(reason) => {
                self.0.failed_read(&reason);
                None
            }
        }
    }

    async fn put(&self, key: Key, entry: Arc<CacheEntry>) {
        let Some(engine) = self.0.engine() else { return };
        let key = self.0.key(&key);
        if engine.may_have(&key) {
            // the stored entry is outdated, even if the new one never reaches the disk
            engine.remove(&key);
        }
        if self.fits(&entry) {
            engine.put(key, entry);
        }
        let now = Instant::now();
        if self.0.check_is_due(now) {
            let shared = Arc::clone(&self.0);
            engine.threads().clone().spawn(async move { shared.check(&engine, now).await });
        }
    }

    /// Waits for the disk: an entry that is just being written would otherwise be found until it is written.
    async fn remove(&self, key: &Key) -> Result<(), Error> {
        let engine =
            self.0.engine().ok_or_else(|| unreachable(&"it is closed or backing off after a failure"))?;
        engine.remove(&self.0.key(key));
        engine.written(WRITE_TIMEOUT).await.map_err(|reason| unreachable(&reason))?;
        // a removal that could not be written leaves the engine in an undefined state, which shows now
        self.0.check(&engine, Instant::now()).await.map_err(|reason| unreachable(&reason))
    }

    /// Begins a new epoch, in which no older entry is found; the old ones are overwritten over time.
    async fn clear(&self) -> Result<(), Error> {
        let engine =
            self.0.engine().ok_or_else(|| unreachable(&"it is closed or backing off after a failure"))?;
        self.0.folder.begin_epoch();
        let folder = Arc::clone(&self.0.folder);
        let saving = engine.threads().spawn_blocking(move || folder.save());
        match engine.run(WRITE_TIMEOUT, saving).await {
            Ok(Ok(saved)) => saved.map_err(|error| unreachable(&error)),
            Ok(Err(error)) => Err(unreachable(&error)),
            Err(reason) => Err(unreachable(&reason)),
        }
    }

    /// Failures, bytes written since the store was opened, and capacity.
    fn stats(&self) -> TierStats {
        TierStats {
            failures: self.0.failures.read(),
            bytes: self.0.supervisor.engine().map_or(0, |engine| engine.written_bytes()),
            capacity: self.0.sizes.capacity as u64,
            ..TierStats::default()
        }
    }

    /// Waits until what was put so far is written, and checks that it can be read. If the disk is being reopened, waits for
    /// that instead.
    async fn flush(&self) {
        match self.0.engine() {
            Some(engine) => drop(self.0.check(&engine, Instant::now()).await),
            None => self.0.supervisor.reopen_finished().await,
        }
    }

    /// Writes what is left and unlocks the folder.
    async fn close(&self) {
        if let Some(engine) = self.0.supervisor.close()
            && let Err(reason) = engine.close(CLOSE_TIMEOUT).await
        {
            tracing::warn!(reason, "disk cache was not closed cleanly: its newest entries are lost");
        }
        self.0.folder.unlock();
    }

    /// Whether the entry fits into a block.
    fn persists(&self, entry: &CacheEntry) -> bool {
        self.fits(entry)
    }

    /// Waits until the write is done and reads it back. Writes an entry again that the engine has dropped under load.
    async fn verify(&self, key: &Key, entry: &Arc<CacheEntry>) -> bool {
        let Some(engine) = self.0.engine() else { return false };
        let disk_key = self.0.key(key);
        for attempt in 1..=CHECK_ATTEMPTS {
            if engine.written(WRITE_TIMEOUT).await.is_ok()
                && matches!(engine.read(disk_key).await, Ok(Some(read)) if read == *entry)
            {
                return true;
            }
            if attempt < CHECK_ATTEMPTS {
                engine.put(disk_key, Arc::clone(entry));
            }
        }
        // detects whether it is the disk, and stops using it if so
        drop(self.0.check(&engine, Instant::now()).await);
        false
    }
}

fn unreachable(reason: &dyn Display) -> Error {
    Error::Unreachable { tier: Tier::Disk, reason: reason.to_string() }
}
