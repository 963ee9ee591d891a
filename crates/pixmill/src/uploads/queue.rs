//! The queue of asynchronous jobs of this node.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{
    job::{Job, QueuedBy},
    status::{JobId, JobState, JobStatus},
};
use crate::error::{Error, RETRY_SOON};

/// Encodes a status as the body of its page.
pub type EncodeStatus = Box<dyn Fn(&JobStatus) -> Bytes + Send + Sync>;

/// A bounded queue of jobs.
pub struct JobQueue {
    state: Mutex<QueueState>,
    changed: Notify,
    capacity: usize,
    refusals: AtomicU64,
    encode: EncodeStatus,
}

struct QueueState {
    waiting: VecDeque<(JobId, Job)>,
    /// All jobs that have not ended, whether waiting or in progress.
    unfinished: BTreeMap<JobId, Unfinished>,
    open: bool,
}

struct Unfinished {
    state: JobState,
    queued_by: QueuedBy,
}

impl JobQueue {
    /// A queue of at most `capacity` jobs, including those in progress.
    pub fn new(capacity: usize, encode: EncodeStatus) -> Self {
        let state = QueueState { waiting: VecDeque::new(), unfinished: BTreeMap::new(), open: true };
        let (state, changed) = (Mutex::new(state), Notify::new());
        Self { state, changed, capacity, refusals: AtomicU64::new(0), encode }
    }

    /// Adds a job. Fails with [`Error::Overloaded`] if the queue is full or the server is shutting down.
    pub fn push(&self, id: JobId, job: Job, queued_by: QueuedBy) -> Result<(), Error> {
        let mut state = self.state.lock();
        if !state.open || state.unfinished.len() >= self.capacity {
            self.refusals.fetch_add(1, Relaxed);
            return Err(Error::Overloaded { retry_after: RETRY_SOON });
        }
        state.unfinished.insert(id, Unfinished { state: JobState::Pending, queued_by });
        state.waiting.push_back((id, job));
        self.changed.notify_one();
        Ok(())
    }

    /// The state of a job in this queue; none if it has ended, or belongs to another node.
    pub fn state_of(&self, id: JobId) -> Option<JobState> {
        self.state.lock().unfinished.get(&id).map(|job| job.state)
    }

    /// Number of jobs that have not ended.
    pub fn unfinished_count(&self) -> usize {
        self.state.lock().unfinished.len()
    }

    /// Number of jobs refused since the start.
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Relaxed)
    }

    /// The body of a status page.
    pub fn encode(&self, status: &JobStatus) -> Bytes {
        (self.encode)(status)
    }

    /// Waits for the next job; none once the queue is closed and empty.
    pub async fn pop(&self) -> Option<(JobId, Job, QueuedBy)> {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state.lock();
                if let Some((id, job)) = state.waiting.pop_front() {
                    let Some(entry) = state.unfinished.get_mut(&id) else { continue };
                    entry.state = JobState::Processing;
                    return Some((id, job, entry.queued_by.clone()));
                }
                if !state.open {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Takes no more jobs.
    pub fn close(&self) {
        self.state.lock().open = false;
        self.changed.notify_waiters();
    }

    /// Removes a job that has ended. Its final status must have been stored before.
    pub fn remove(&self, id: JobId) {
        self.state.lock().unfinished.remove(&id);
    }

    /// The jobs that have not ended.
    pub fn unfinished(&self) -> Vec<(JobId, QueuedBy)> {
        let state = self.state.lock();
        state.unfinished.iter().map(|(id, job)| (*id, job.queued_by.clone())).collect()
    }
}
