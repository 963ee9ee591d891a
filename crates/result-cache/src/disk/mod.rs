//! The tier on disk: a ring of blocks in a folder, which outlives the process.

mod blocks;
mod engine;
mod folder;
mod record;
mod supervisor;

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::breaker::Breaker;
use crate::stats::Counter;
use crate::{CacheEntry, CacheName, Config, Coordinator, EntryMeta, Error, Key, Store, Tier, TierStats};
use blocks::Sizes;
use engine::Engine;
use folder::Folder;
use record::DiskKey;
use supervisor::Supervisor;

/// How long a failing disk is left alone: long enough that a hung one costs next to nothing, short enough
/// that one that was mounted again or has room again is soon in use.
const BACKOFF: Duration = Duration::from_secs(30);
/// How often it is checked that writing works, while there is something to write.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// Tries of one check: under load, the engine may well drop an entry, and a disk may stand still for a
/// moment.
const CHECK_ATTEMPTS: usize = 3;
/// For writing and reading back, and for forgetting.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// For writing what is left at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Where and how large a disk cache is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskSettings {
    /// Its folder; created if need be, and used by no other cache. Files of another size or release in it are
    /// removed.
    pub folder: PathBuf,
    /// Room in bytes.
    pub max_bytes: u64,
    /// Weight of the largest entry to expect. In a room less than eight times that, the largest do not
    /// fit.
    pub max_entry_bytes: u64,
}

/// Envelopes in a folder of this machine.
///
/// The disk is written and read on threads of the store's own, entries are encoded, decoded and verified
/// there too: the caller only waits. When entries come faster than the disk takes them, some are not written.
/// The oldest block is freed for new entries.
///
/// A disk that fails or hangs makes misses and warnings. After five failed reads in a row it is not read for
/// a while. Writing is checked now and then, since the engine tells nobody when it fails; a disk that cannot
/// be written is left alone for a while and then opened anew, empty: what it holds may have been replaced or
/// removed meanwhile. (The engine must be opened anew in any case: a failed write leaves it in disorder.)
#[derive(Debug)]
pub struct DiskStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    supervisor: Supervisor<Engine>,
    folder: Arc<Folder>,
    sizes: Sizes,
    failures: Counter,
    reading: Breaker,
    next_check: Mutex<Instant>,
    checks_made: AtomicU64,
}

impl DiskStore {
    /// Opens the folder and finds the entries of earlier runs again. A folder that cannot be used or is in
    /// use is an error; damaged files in it are not: what cannot be read is gone, and entries are verified
    /// when they are read.
    pub async fn open(settings: DiskSettings) -> Result<Self, Error> {
        let sizes = Sizes::new(settings.max_bytes, settings.max_entry_bytes);
        let folder = Arc::new(Folder::open(&settings.folder, sizes)?);
        let (tell, opened) = oneshot::channel();
        Engine::start(Arc::clone(&folder), sizes, move |engine| drop(tell.send(engine)))?;
        let engine = opened.await.map_err(Error::start)??;
        Ok(Self(Arc::new(Shared {
            supervisor: Supervisor::new(engine),
            folder,
            sizes,
            failures: Counter::default(),
            reading: Breaker::new(BACKOFF),
            next_check: Mutex::new(Instant::now() + CHECK_INTERVAL),
            checks_made: AtomicU64::new(0),
        })))
    }

    /// The store of the cache of this name, if it has a share of `cache.disk.max_bytes`. It is emptied if the record of
    /// purges is lost: nobody knows which of its entries were purged.
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
            // what is there is out of date, even if the new one never gets to the disk
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

    /// Waits for the disk: an entry that is just being written would otherwise be found until it is.
    async fn remove(&self, key: &Key) -> Result<(), Error> {
        let engine = self.0.engine().ok_or_else(|| unreachable(&"it is closed or failing"))?;
        engine.remove(&self.0.key(key));
        engine.written(WRITE_TIMEOUT).await.map_err(|reason| unreachable(&reason))?;
        // a removal that could not be written leaves the engine in disorder, which shows now
        self.0.check(&engine, Instant::now()).await.map_err(|reason| unreachable(&reason))
    }

    /// Begins a new epoch, in which no entry written so far is found; they are overwritten in time.
    async fn clear(&self) -> Result<(), Error> {
        let engine = self.0.engine().ok_or_else(|| unreachable(&"it is closed or failing"))?;
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

    /// Waits until the write is done and reads it back. Writes again what the engine dropped because too much came at once.
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
        // finds out whether it is the disk, and takes it out of use if so
        drop(self.0.check(&engine, Instant::now()).await);
        false
    }
}

impl Shared {
    fn key(&self, key: &Key) -> DiskKey {
        DiskKey { epoch: self.folder.epoch(), key: *key }
    }

    /// The engine, if it is in use. Begins to open it anew after a rest.
    fn engine(self: &Arc<Self>) -> Option<Arc<Engine>> {
        let engine = self.supervisor.engine();
        if engine.is_none() {
            let now = Instant::now();
            if self.supervisor.try_begin_reopen(now) {
                self.reopen(now);
            }
        }
        engine
    }

    fn reopen(self: &Arc<Self>, now: Instant) {
        // what the disk holds may have been replaced or removed meanwhile
        self.folder.begin_epoch();
        let shared = Arc::clone(self);
        let opened = move |engine| shared.reopened(engine, now);
        if let Err(error) = Engine::start(Arc::clone(&self.folder), self.sizes, opened) {
            self.reopened(Err(error), now);
        }
    }

    fn reopened(&self, engine: Result<Engine, Error>, began: Instant) {
        // the new epoch is on the disk before the first entry of it
        let opened = engine.and_then(|engine| self.folder.save().map(|()| engine));
        match &opened {
            Ok(_) => tracing::info!("disk cache is in use again, empty"),
            Err(error) => tracing::warn!(%error, "disk cache still fails, it is left alone for {BACKOFF:?}"),
        }
        self.supervisor.finish_reopen(opened.map_err(|_| began + BACKOFF));
    }

    fn failed_read(&self, reason: &str) {
        self.failures.add_one();
        tracing::warn!(reason, "disk cache failed to read an entry");
        if self.reading.failed(Instant::now()) {
            tracing::warn!("disk cache fails again and again, it is not read for {BACKOFF:?}");
        }
    }

    /// True for one caller in every [`CHECK_INTERVAL`].
    fn check_is_due(&self, now: Instant) -> bool {
        let mut next = self.next_check.lock();
        let due = now >= *next;
        if due {
            *next = now + CHECK_INTERVAL;
        }
        due
    }

    /// Finds out whether writing works; if not, takes the engine out of use.
    async fn check(&self, engine: &Arc<Engine>, began: Instant) -> Result<(), String> {
        let mut result = Ok(());
        for _ in 0..CHECK_ATTEMPTS {
            result = self.write_and_read(engine).await;
            if result.is_ok() {
                break;
            }
        }
        if let Err(reason) = &result
            && self.supervisor.take_down(engine, began + BACKOFF)
        {
            self.failures.add_one();
            tracing::warn!(reason, "disk cache cannot be written, it is left alone for {BACKOFF:?}");
        }
        result
    }

    async fn write_and_read(&self, engine: &Engine) -> Result<(), String> {
        let number = self.checks_made.fetch_add(1, Relaxed).to_le_bytes();
        let key = self.key(&Key::from_parts(&[b"check", &number]));
        let body = Bytes::copy_from_slice(&number);
        let written = Arc::new(CacheEntry { meta: EntryMeta::default(), body });
        engine.put(key, Arc::clone(&written));
        engine.written(WRITE_TIMEOUT).await?;
        match engine.read(key).await? {
            Some(read) if read == written => Ok(()),
            _ => Err("what is written cannot be read back".into()),
        }
    }
}

fn unreachable(reason: &dyn Display) -> Error {
    Error::Unreachable { tier: Tier::Disk, reason: reason.to_string() }
}
