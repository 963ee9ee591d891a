//! The workers that process the queue of asynchronous jobs.

use std::{rc::Rc, time::Instant};

use actix_web::rt;
use futures_util::future::join_all;
use tokio::{task::JoinHandle, time::timeout};

use super::{
    UploadError,
    job::{Job, JobOutcome, QueuedBy},
    run,
    status::{JobId, JobState, JobStatus, Progress},
    status_store,
};
use crate::{
    error::Error,
    render::Class,
    state::{Shared, Worker},
    telemetry::{
        current_request::{RequestId, RequestScope},
        traces::JobTrace,
    },
};

/// The tasks that process the queue, on the thread that started them.
pub struct Workers(Vec<JoinHandle<()>>);

/// Queues a job and stores its status. Fails with [`Error::Overloaded`] if the queue is full or the server is
/// shutting down.
pub async fn enqueue(shared: &Shared, job: Job, queued_by: QueuedBy) -> Result<JobId, Error> {
    let id = JobId::random();
    shared.jobs.push(id, job, queued_by)?;
    status_store::store(shared, &JobStatus::unfinished(id, JobState::Pending)).await;
    Ok(id)
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
        let interrupted =
            |(id, queued_by)| finish(shared, id, queued_by, Err(UploadError::Interrupted.into()));
        join_all(shared.jobs.unfinished().into_iter().map(interrupted)).await;
    }
}

async fn process_queue(worker: Rc<Worker>) {
    while let Some((id, job, queued_by)) = worker.shared.jobs.pop().await {
        let tracer = worker.shared.tracer.as_ref();
        let trace = tracer.zip(queued_by.span.clone()).map(|(tracer, span)| tracer.begin_job(span));
        let id_of_request = queued_by.request_id.as_deref().and_then(RequestId::of);
        let scope = RequestScope { id: id_of_request, trace: trace.as_ref().map(JobTrace::context) };
        status_store::store(&worker.shared, &JobStatus::unfinished(id, JobState::Processing)).await;
        let (own_worker, job) = (Rc::clone(&worker), Rc::new(job));
        let own_job = Rc::clone(&job);
        let deadline = Instant::now() + worker.shared.config.uploads.job_timeout;
        // a task of its own, so that a panic ends the job and not this worker
        let run = async move { run::run(&own_worker, &own_job, Class::Async, deadline).await };
        let mut task = AbortOnDrop(rt::spawn(scope.clone().scope(run)));
        let outcome = (&mut task.0).await.unwrap_or(Err(Error::Broken));
        let failure = outcome.as_ref().err().map(|failure| (failure.to_string(), failure.excuses_stale()));
        let request_id = queued_by.request_id.clone();
        scope.scope(finish(&worker.shared, id, queued_by, outcome.map(|outcome| (outcome, job)))).await;
        if let Some(trace) = trace {
            trace.end(&id.to_string(), request_id, failure);
        }
    }
}

/// Stores the final status of a job and removes it from the queue.
async fn finish(
    shared: &Shared,
    id: JobId,
    queued_by: QueuedBy,
    outcome: Result<(JobOutcome, Rc<Job>), Error>,
) {
    let mut written = Vec::new();
    let progress = match outcome {
        Ok((JobOutcome { answer, stored }, job)) => {
            let result = if let Some(location) = job.location() {
                location
            } else {
                written.push(status_store::store_result(shared, id, &answer).await);
                id.result_location()
            };
            Progress::Done { result, stored }
        }
        Err(failure) => {
            tracing::warn!(job = %id, error = %failure, "job failed");
            Progress::Failed(failure)
        }
    };
    written.push(status_store::store(shared, &JobStatus { id, progress, queued_by }).await);
    shared.jobs.remove(id);
    status_store::wait_for_disk(shared, id, &written).await;
}

/// Aborts a task when the worker that waits for it is aborted.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
