//! The disk behind a store: its engine and folder, the detection of failures, and reopening after a back-off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::blocks::Sizes;
use super::engine::Engine;
use super::folder::Folder;
use super::record::DiskKey;
use super::supervisor::Supervisor;
use crate::breaker::Breaker;
use crate::stats::Counter;
use crate::{CacheEntry, EntryMeta, Error, Key};

/// Back-off of a failing disk: long enough that a hung disk costs next to nothing, short enough that a disk which was
/// remounted or has space again is soon used.
const BACKOFF: Duration = Duration::from_secs(30);
/// Interval between checks of writing, while there is something to write.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// Attempts of one check: under load the engine may drop an entry, and a disk may stall for a moment.
pub(super) const CHECK_ATTEMPTS: usize = 3;
/// Timeout of writing, reading back and removing.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// The engine in its folder, and how its failures are detected.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) supervisor: Supervisor<Engine>,
    pub(super) folder: Arc<Folder>,
    pub(super) sizes: Sizes,
    pub(super) failures: Counter,
    pub(super) reading: Breaker,
    next_check: Mutex<Instant>,
    checks_made: AtomicU64,
}

impl Device {
    /// A device whose engine is running.
    pub(super) fn new(engine: Engine, folder: Arc<Folder>, sizes: Sizes) -> Self {
        Self {
            supervisor: Supervisor::new(engine),
            folder,
            sizes,
            failures: Counter::default(),
            reading: Breaker::new(BACKOFF),
            next_check: Mutex::new(Instant::now() + CHECK_INTERVAL),
            checks_made: AtomicU64::new(0),
        }
    }

    pub(super) fn key(&self, key: &Key) -> DiskKey {
        DiskKey { epoch: self.folder.epoch(), key: *key }
    }

    /// The engine, if it is running. Starts to reopen it after the back-off.
    pub(super) fn engine(self: &Arc<Self>) -> Option<Arc<Engine>> {
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
        // the files on the disk may have been replaced or removed meanwhile
        self.folder.begin_epoch();
        let shared = Arc::clone(self);
        let opened = move |engine| shared.reopened(engine, now);
        if let Err(error) = Engine::start(Arc::clone(&self.folder), self.sizes, opened) {
            self.reopened(Err(error), now);
        }
    }

    fn reopened(&self, engine: Result<Engine, Error>, began: Instant) {
        // the new epoch is on disk before its first entry
        let opened = engine.and_then(|engine| self.folder.save().map(|()| engine));
        match &opened {
            Ok(_) => tracing::info!("disk cache was reopened empty"),
            Err(error) => {
                self.failures.add_one();
                tracing::warn!(%error, "disk cache still fails: not used for {BACKOFF:?}");
            }
        }
        self.supervisor.finish_reopen(opened.map_err(|_| began + BACKOFF));
    }

    pub(super) fn failed_read(&self, reason: &str) {
        self.failures.add_one();
        tracing::warn!(reason, "cannot read an entry from the disk cache");
        if self.reading.failed(Instant::now()) {
            tracing::warn!("circuit breaker open for the disk cache: not read for {BACKOFF:?}");
        }
    }

    /// True for one caller per [`CHECK_INTERVAL`].
    pub(super) fn check_is_due(&self, now: Instant) -> bool {
        let mut next = self.next_check.lock();
        let due = now >= *next;
        if due {
            *next = now + CHECK_INTERVAL;
        }
        due
    }

    /// Checks that writing works; if not, stops using the engine.
    pub(super) async fn check(&self, engine: &Arc<Engine>, began: Instant) -> Result<(), String> {
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
            tracing::warn!(reason, "disk cache cannot be written: not used for {BACKOFF:?}");
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
            _ => Err("a written entry cannot be read back".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::SmallDisk;

    use super::*;
    use crate::disk::{DiskSettings, DiskStore};

    #[tokio::test]
    async fn a_reopening_that_fails_is_counted() {
        let Some(small) = SmallDisk::mount(4 << 20) else { return };
        let folder = small.path().join("cache");
        let settings = DiskSettings { folder, max_bytes: 16 << 20, max_entry_bytes: 1 << 20 };
        let store = DiskStore::open(settings).await.unwrap();
        let device = &store.0;
        let engine = device.engine().unwrap();
        small.fill();
        assert!(device.supervisor.take_down(&engine, Instant::now()));
        drop(engine);
        assert!(device.engine().is_none(), "it is being reopened");
        device.supervisor.reopen_finished().await;
        assert_eq!(device.failures.read(), 1);
        assert!(device.engine().is_none(), "the next attempt comes after the back-off");
    }
}
