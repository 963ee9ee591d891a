//! The block engine of foyer, on threads of its own.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use foyer::Load;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::blocks::{self, Blocks, Sizes};
use super::folder::Folder;
use super::record::{DiskKey, DiskValue};
use crate::{CacheEntry, Error};

/// Threads that encode, decode and verify entries.
const WORKER_THREADS: usize = 2;
/// Threads that wait for the disk: more than a disk serves at once, few enough to cost little.
const BLOCKING_THREADS: usize = 16;
/// Concurrent reads; each holds a buffer of the size of its entry. Further reads wait.
const MAX_READS: usize = 32;
/// Timeout of a read: longer than a busy disk takes, shorter than producing the result again.
const READ_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeout of writes in progress when the engine stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
const THREAD_NAME: &str = "cache-disk";

/// A running engine. It has a runtime of its own, which outlives the worker that opened the cache and ends with the engine,
/// whose tasks would not end by themselves.
pub(super) struct Engine {
    blocks: Blocks,
    queueing: Mutex<()>,
    threads: Handle,
    reads: Arc<Semaphore>,
    stop: Option<oneshot::Sender<Blocks>>,
}

impl Engine {
    /// Opens the engine on a thread of its own and calls `opened` there. On an error there is no such thread, and no call.
    pub(super) fn start(
        folder: Arc<Folder>,
        sizes: Sizes,
        opened: impl FnOnce(Result<Self, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        // dropping a runtime blocks, which is forbidden on a worker of another runtime
        let keeper = move || match runtime() {
            Ok(runtime) => keep(runtime, &folder, sizes, opened),
            Err(error) => opened(Err(error)),
        };
        thread::Builder::new().name(THREAD_NAME.into()).spawn(keeper).map(drop).map_err(Error::start)
    }

    /// Whether it may have the key; checks the index in memory only.
    pub(super) fn may_have(&self, key: &DiskKey) -> bool {
        self.blocks.storage().may_contains(key)
    }

    /// Queues the entry to be written.
    ///
    /// One entry is queued at a time: the engine numbers entries before it queues them, and after a restart it ignores what
    /// follows in a block on a number lower than the one before it.
    pub(super) fn put(&self, key: DiskKey, entry: Arc<CacheEntry>) {
        let _in_order = self.queueing.lock();
        self.blocks.storage_writer(key).insert(DiskValue { key: key.key, entry });
    }

    /// Removes the key: at once from the index, soon on disk.
    pub(super) fn remove(&self, key: &DiskKey) {
        self.blocks.storage().delete(key);
    }

    /// The entry, if it has one. The error is the reason of a failed read.
    pub(super) async fn read(&self, key: DiskKey) -> Result<Option<Arc<CacheEntry>>, String> {
        let (blocks, reads) = (self.blocks.clone(), Arc::clone(&self.reads));
        let load = async move {
            let _turn = reads.acquire().await;
            blocks.storage().load(&key).await
        };
        let value = match self.run(READ_TIMEOUT, load).await?.map_err(|error| error.to_string())? {
            Load::Entry { value, .. } => value,
            Load::Piece { piece, .. } => piece.value().clone(),
            Load::Miss | Load::Throttled => return Ok(None),
        };
        // the engine compares the keys beside the values; this is the key inside the value
        if value.key != key.key {
            return Err("an entry was written for another key".to_owned());
        }
        Ok(Some(value.entry))
    }

    /// Waits until everything queued is written, or has failed to be: the engine does not report which.
    pub(super) async fn written(&self, limit: Duration) -> Result<(), String> {
        let blocks = self.blocks.clone();
        self.run(limit, async move { blocks.storage().wait().await }).await
    }

    /// Writes what is left and accepts nothing more.
    pub(super) async fn close(&self, limit: Duration) -> Result<(), String> {
        let blocks = self.blocks.clone();
        self.run(limit, async move { blocks.close().await }).await?.map_err(|error| error.to_string())
    }

    /// Bytes written since it was opened.
    pub(super) fn written_bytes(&self) -> u64 {
        self.blocks.statistics().disk_write_bytes() as u64
    }

    /// Runs the work on the threads of the engine, also if the caller is dropped. The error is the reason if it did not end
    /// in time.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        match self.threads.spawn(async move { timeout(limit, work).await }).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(format!("took longer than {limit:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Where to spawn tasks that have to end with the engine.
    pub(super) fn threads(&self) -> &Handle {
        &self.threads
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // on an error the threads have already ended
            drop(stop.send(self.blocks.clone()));
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

fn runtime() -> Result<Runtime, Error> {
    Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name(THREAD_NAME)
        .enable_time()
        .build()
        .map_err(Error::start)
}

/// Opens the engine and keeps its runtime until the engine is dropped.
fn keep(runtime: Runtime, folder: &Folder, sizes: Sizes, opened: impl FnOnce(Result<Engine, Error>)) {
    let threads = runtime.handle().clone();
    let opening = threads.spawn(blocks::open(folder.blocks(), sizes, threads.clone()));
    let blocks = match runtime.block_on(opening) {
        Ok(Ok(blocks)) => blocks,
        Ok(Err(error)) => return opened(Err(Error::start(error))),
        Err(error) => return opened(Err(Error::start(error))),
    };
    let (stop, stopped) = oneshot::channel();
    let reads = Arc::new(Semaphore::new(MAX_READS));
    opened(Ok(Engine { blocks, queueing: Mutex::new(()), threads, reads, stop: Some(stop) }));
    // The files stay open until no thread can use them: the engine passes raw file descriptors to its threads, and the
    // number of a closed file is soon reused.
    let files = runtime.block_on(stopped);
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    drop(files);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn threads_end_with_the_engine() {
        let dir = tempfile::tempdir().unwrap();
        let sizes = Sizes::new(16 << 20, 1 << 20);
        let folder = Arc::new(Folder::open(dir.path(), sizes).unwrap());
        let (tell, opened) = oneshot::channel();
        Engine::start(folder, sizes, move |engine| drop(tell.send(engine))).unwrap();
        let engine = opened.await.unwrap().unwrap();
        let task = engine.threads().spawn(std::future::pending::<()>());
        drop(engine);
        assert!(task.await.unwrap_err().is_cancelled());
    }
}
