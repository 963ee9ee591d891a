//! The queue of asynchronous jobs of this node, and the workers that process it.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use actix_web::rt;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{sync::Notify, task::JoinHandle, time::timeout};

use super::{
    UploadError,
    job::{self, Job, JobOutcome},
    status::{self, JobId, JobState, JobStatus, Progress},
};
use crate::{
    error::{Error, RETRY_SOON},
    render::Class,
    state::{Shared, Worker},
};

/// Encodes a status as the body of its page.
pub type EncodeStatus = fn(&JobStatus) -> Bytes;

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
    unfinished: BTreeMap<JobId, JobState>,
    open: bool,
}

/// The tasks that process the queue, on the thread that started them.
pub struct Workers(Vec<JoinHandle<()>>);

impl JobQueue {
    /// A queue of at most `capacity` jobs, including those in progress.
    pub fn new(capacity: usize, encode: EncodeStatus) -> Self {
        let state = QueueState { waiting: VecDeque::new(), unfinished: BTreeMap::new(), open: true };
        let (state, changed) = (Mutex::new(state), Notify::new());
        Self { state, changed, capacity, refusals: AtomicU64::new(0), encode }
    }

    /// Queues a job and stores its status. Fails with [`Error::Overloaded`] if the queue is full or the server is
    /// shutting down.
    pub async fn enqueue(shared: &Shared, job: Job) -> Result<JobId, Error> {
        let id = JobId::random();
        shared.jobs.push(id, job)?;
        status::store(shared, &JobStatus::unfinished(id, JobState::Pending)).await;
        Ok(id)
    }

    fn push(&self, id: JobId, job: Job) -> Result<(), Error> {
        let mut state = self.state.lock();
        if !state.open || state.unfinished.len() >= self.capacity {
            self.refusals.fetch_add(1, Relaxed);
            return Err(Error::Overloaded { retry_after: RETRY_SOON });
        }
        state.unfinished.insert(id, JobState::Pending);
        state.waiting.push_back((id, job));
        self.changed.notify_one();
        Ok(())
    }

    /// The state of a job in this queue; none if it has ended, or belongs to another node.
    pub fn state_of(&self, id: JobId) -> Option<JobState> {
        self.state.lock().unfinished.get(&id).copied()
    }

    /// Number of jobs that have not ended.
    pub fn len(&self) -> usize {
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
    async fn pop(&self) -> Option<(JobId, Job)> {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state.lock();
                if let Some((id, job)) = state.waiting.pop_front() {
                    state.unfinished.insert(id, JobState::Processing);
                    return Some((id, job));
                }
                if !state.open {
                    return None;
                }
            }
            changed.await;
        }
    }

    fn close(&self) {
        self.state.lock().open = false;
        self.changed.notify_waiters();
    }

    /// Removes a job that has ended. Its final status must have been stored before.
    fn remove(&self, id: JobId) {
        self.state.lock().unfinished.remove(&id);
    }
}

impl Workers {
    /// Starts as many workers as there are render threads.
    pub fn start(worker: &Rc<Worker>) -> Self {
        let task = |_| rt::spawn(process_queue(Rc::clone(worker)));
        Self((0..worker.shared.config.workers.thread_count()).map(task).collect())
    }

    /// Closes the queue and processes what is left in it. Jobs that have not ended by `deadline` fail with
    /// [`UploadError::Interrupted`].
    pub async fn stop(self, shared: &Shared, deadline: Instant) {
        shared.jobs.close();
        for mut task in self.0 {
            let remaining = deadline.saturating_duration_since(Instant::now());
            if timeout(remaining, &mut task).await.is_err() {
                task.abort();
                // wait until it has ended, so that it cannot store a status any more
                let _ = task.await;
            }
        }
        let interrupted: Vec<_> = shared.jobs.state.lock().unfinished.keys().copied().collect();
        for id in interrupted {
            finish(shared, id, Err(UploadError::Interrupted.into())).await;
        }
    }
}

async fn process_queue(worker: Rc<Worker>) {
    while let Some((id, job)) = worker.shared.jobs.pop().await {
        status::store(&worker.shared, &JobStatus::unfinished(id, JobState::Processing)).await;
        let (own_worker, job) = (Rc::clone(&worker), Rc::new(job));
        let own_job = Rc::clone(&job);
        let deadline = Instant::now() + worker.shared.config.uploads.job_timeout;
        // a task of its own, so that a panic ends the job and not this worker
        let run = async move { job::run(&own_worker, &own_job, Class::Async, deadline).await };
        let mut task = AbortOnDrop(rt::spawn(run));
        let outcome = (&mut task.0).await.unwrap_or(Err(Error::Broken));
        finish(&worker.shared, id, outcome.map(|outcome| (outcome, job))).await;
    }
}

/// Stores the final status of a job and removes it from the queue.
async fn finish(shared: &Shared, id: JobId, outcome: Result<(JobOutcome, Rc<Job>), Error>) {
    let progress = match outcome {
        Ok((JobOutcome { answer, stored }, job)) => {
            let result = if let Some(location) = job.location() {
                location
            } else {
                status::store_result(shared, id, &answer).await;
                id.result_location()
            };
            Progress::Done { result, stored }
        }
        Err(failure) => {
            tracing::warn!(job = %id, error = %failure, "job failed");
            Progress::Failed(failure)
        }
    };
    status::store(shared, &JobStatus { id, progress }).await;
    shared.jobs.remove(id);
}

/// Aborts a task when the worker that waits for it is aborted.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
