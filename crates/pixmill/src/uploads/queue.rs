//! The jobs of this node that go on after their requests were answered: a bounded queue, and those who work it off.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use actix_web::rt;
use parking_lot::Mutex;
use tokio::{sync::Notify, task::JoinHandle, time::timeout};

use super::{
    Error,
    job::{self, Job, JobOutcome},
    status::{self, JobId, JobState},
};
use crate::{
    failure::{Failure, RETRY_SOON},
    http::error::object,
    render::Class,
    state::{Shared, Worker},
};

/// The queue.
pub struct JobQueue {
    state: Mutex<QueueState>,
    changed: Notify,
    capacity: usize,
    refusals: AtomicU64,
}

struct QueueState {
    waiting: VecDeque<(JobId, Job)>,
    /// All that have not ended, the waiting ones too.
    states: BTreeMap<JobId, JobState>,
    open: bool,
}

/// Those who work the queue off, on the thread that started them.
pub struct Workers(Vec<JoinHandle<()>>);

impl JobQueue {
    /// A queue of so many jobs, those that are worked on included.
    pub fn new(capacity: usize) -> Self {
        let state = QueueState { waiting: VecDeque::new(), states: BTreeMap::new(), open: true };
        Self { state: Mutex::new(state), changed: Notify::new(), capacity, refusals: AtomicU64::new(0) }
    }

    /// Takes a job, unless the queue is full or the server about to end.
    pub async fn enqueue(shared: &Shared, job: Job) -> Result<JobId, Failure> {
        let id = JobId::random();
        shared.jobs.push(id, job)?;
        status::record(shared, id, JobState::Pending, &id.unended(JobState::Pending)).await;
        Ok(id)
    }

    fn push(&self, id: JobId, job: Job) -> Result<(), Failure> {
        let mut state = self.state.lock();
        if !state.open || state.states.len() >= self.capacity {
            self.refusals.fetch_add(1, Relaxed);
            return Err(Failure::Overloaded { retry_after: RETRY_SOON });
        }
        state.states.insert(id, JobState::Pending);
        state.waiting.push_back((id, job));
        self.changed.notify_one();
        Ok(())
    }

    /// How far a job of this node is; none: it has ended, or is of another node.
    pub fn state_of(&self, id: JobId) -> Option<JobState> {
        self.state.lock().states.get(&id).copied()
    }

    /// How many jobs have not ended.
    pub fn load(&self) -> usize {
        self.state.lock().states.len()
    }

    /// How many jobs were not taken.
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Relaxed)
    }

    /// The next job; none when there will be none.
    async fn next(&self) -> Option<(JobId, Job)> {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state.lock();
                if let Some((id, job)) = state.waiting.pop_front() {
                    state.states.insert(id, JobState::Processing);
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

    /// Forgets a job that has ended. The others have been told before.
    fn leave(&self, id: JobId) {
        self.state.lock().states.remove(&id);
    }
}

impl Workers {
    /// Begins to work the queue off, as many jobs at a time as there are render threads.
    pub fn start(worker: &Rc<Worker>) -> Self {
        let worker_task = |_| rt::spawn(work(Rc::clone(worker)));
        Self((0..worker.shared.config.workers.thread_count()).map(worker_task).collect())
    }

    /// Takes no more jobs and ends those there are; what is not done in time fails.
    pub async fn stop(self, shared: &Shared, until: Instant) {
        shared.jobs.close();
        for mut worker_task in self.0 {
            let left = until.saturating_duration_since(Instant::now());
            if timeout(left, &mut worker_task).await.is_err() {
                worker_task.abort();
                // it is gone when this returns: it tells nothing any more
                let _ = worker_task.await;
            }
        }
        let left: Vec<_> = shared.jobs.state.lock().states.keys().copied().collect();
        for id in left {
            end(shared, id, Err(Error::Interrupted.into())).await;
        }
    }
}

async fn work(worker: Rc<Worker>) {
    while let Some((id, job)) = worker.shared.jobs.next().await {
        status::record(&worker.shared, id, JobState::Processing, &id.unended(JobState::Processing)).await;
        let (own, job) = (Rc::clone(&worker), Rc::new(job));
        let shared_job = Rc::clone(&job);
        let until = Instant::now() + worker.shared.config.uploads.job_timeout;
        // a task of its own: a panic is the end of the job, not of this worker_task
        let mut task =
            EndOnDrop(rt::spawn(async move { job::run(&own, &shared_job, Class::Async, until).await }));
        let outcome = (&mut task.0).await.unwrap_or(Err(Failure::Broken));
        end(&worker.shared, id, outcome.map(|outcome| (outcome, job))).await;
    }
}

/// Tells all what became of a job.
async fn end(shared: &Shared, id: JobId, outcome: Result<(JobOutcome, Rc<Job>), Failure>) {
    let told = match outcome {
        Ok((JobOutcome { answer, stored }, job)) => {
            let place = if let Some(place) = job.location() {
                place
            } else {
                status::keep_result(shared, id, &answer).await;
                id.result_location()
            };
            id.done(&place, &stored)
        }
        Err(failure) => {
            tracing::warn!(job = %id, error = %failure, "a job failed");
            id.failed(&object(&failure))
        }
    };
    status::record(shared, id, JobState::Ended, &told).await;
    shared.jobs.leave(id);
}

/// Ends the work of a worker_task that is taken away.
struct EndOnDrop<T>(JoinHandle<T>);

impl<T> Drop for EndOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
