//! The render threads, behind a queue of tasks with predicted costs.
//!
//! A task is admitted or refused when it arrives ([`scheduler`]): refused if it cannot end before its deadline, if its
//! class is overloaded ([`overload`]), if too many wait, or if it needs more memory than there is. Waiting tasks are
//! scheduled by class and predicted cost ([`queue`]). Tasks that decode the same original in the same way share the decode
//! ([`decodes`]).

mod class;
mod correction;
mod decodes;
#[cfg(test)]
mod decodes_tests;
mod decoding;
mod forecast;
mod overload;
mod queue;
mod refusal;
mod scheduler;
#[cfg(test)]
mod scheduler_tests;
#[cfg(test)]
mod simulation;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use tokio::sync::oneshot;
use vips_ops::vips;

pub use self::{
    class::{Class, PerClass},
    decodes::{DecodeKey, Role, SharedDecode},
    decoding::{Decoding, Part},
    refusal::Refusals,
    scheduler::{Limits, Task},
};
use self::{
    refusal::Refusal,
    scheduler::{Ended, Next, Scheduler, Ticket},
};
use crate::{
    error::Error,
    render::shared_pixels::SharedPixels,
    telemetry::{current_request::RequestScope, histogram::CostRatios},
};

/// A bounded number of threads, and a queue of tasks that wait for one.
///
/// A task whose caller stops waiting before it has started leaves the queue at once. The threads are rayon's; the queue is not:
/// rayon's own is unbounded and unordered, and tasks cannot leave it.
pub struct Pool {
    threads: ThreadPool,
    shared: Arc<Shared>,
}

/// The result of a task, and its time in the queue.
#[derive(Debug)]
pub struct Done<T> {
    /// The result.
    pub value: T,
    /// Time in the queue.
    pub waited: Duration,
}

/// The load of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Running tasks.
    pub running: usize,
    /// Their predicted memory in bytes.
    pub running_bytes: u64,
    /// The limit of that.
    pub memory: u64,
    /// Waiting tasks.
    pub waiting: usize,
    /// The same, by class.
    pub waiting_by_class: PerClass<usize>,
    /// Predicted time of waiting tasks, by class.
    pub queued: PerClass<Duration>,
    /// The factor by which predictions are corrected, by class: recent actual time over predicted time.
    pub correction: PerClass<f64>,
    /// Tasks started since the start of the server.
    pub begun: u64,
    /// Those of them that used pixels which another one had decoded.
    pub shared_decodes: u64,
    /// The wait of the oldest waiting task.
    pub oldest: Duration,
    /// Tasks refused since the start of the server.
    pub refusals: Refusals,
}

/// The work of a task: called with its start, or with the refusal if it was dropped.
type Job = Box<dyn FnOnce(Result<Start, Error>) + Send>;

/// The start of a task.
struct Start {
    number: u64,
    waited: Duration,
    role: Role<SharedPixels>,
}

struct Shared {
    /// One lock for all, held for sums over at most a few hundred entries, a few times a task.
    state: Mutex<State>,
    limits: Limits,
    /// Actual over predicted time, uncorrected.
    ratios: PerClass<CostRatios>,
}

struct State {
    scheduler: Scheduler<Job, SharedPixels>,
    /// Threads that are running a task or looking for one.
    active: usize,
}

/// A task's place in the queue; dropping it takes the task out unless it has started.
struct Place {
    shared: Arc<Shared>,
    ticket: Ticket,
}

impl Pool {
    /// Starts the threads.
    pub fn new(limits: Limits) -> Result<Self, ThreadPoolBuildError> {
        let threads = ThreadPoolBuilder::new()
            .num_threads(limits.threads)
            .thread_name(|index| format!("render-{index}"))
            .exit_handler(|_| vips::thread_shutdown())
            .build()?;
        let state = State { scheduler: Scheduler::new(limits), active: 0 };
        let shared = Shared { state: Mutex::new(state), limits, ratios: PerClass::default() };
        Ok(Self { threads, shared: Arc::new(shared) })
    }

    /// Runs `work` on a render thread, in the order of the scheduler. A task that cannot end in time is refused at once.
    ///
    /// Dropping the future takes the task out of the queue. A task that has started continues, unless it is cancelled otherwise.
    pub async fn run<T>(
        &self,
        task: Task,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, Error>
    where
        T: Send + 'static,
    {
        self.run_judged(task, |_| work(), |_| true).await
    }

    /// The same for work that may fail. Failed work does not correct predictions.
    pub async fn try_run<T>(
        &self,
        task: Task,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<Done<T>, Error>
    where
        T: Send + 'static,
    {
        self.try_run_sharing(task, |_| work()).await
    }

    /// The same for work that may share the decode of its original with other tasks.
    pub async fn try_run_sharing<T>(
        &self,
        task: Task,
        work: impl FnOnce(Part) -> Result<T, Error> + Send + 'static,
    ) -> Result<Done<T>, Error>
    where
        T: Send + 'static,
    {
        let Done { value, waited } = self.run_judged(task, work, Result::is_ok).await?;
        Ok(Done { value: value?, waited })
    }

    async fn run_judged<T>(
        &self,
        task: Task,
        work: impl FnOnce(Part) -> T + Send + 'static,
        is_complete: impl FnOnce(&T) -> bool + Send + 'static,
    ) -> Result<Done<T>, Error>
    where
        T: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        // a thread of the pool has no task whose request it would know
        let scope = RequestScope::current();
        let job = move |start: Result<Start, Error>| {
            let Start { number, waited, role } = match start {
                Ok(start) => start,
                Err(failure) => return drop(sender.send(Err(failure))),
            };
            let place = |decode| Arc::new(Decoding { decode, shared: Arc::clone(&shared), number });
            let decoding = task.decode.map(place);
            let work = || scope.clone().sync_scope(|| work(Part { role, decoding }));
            let value = catch_unwind(AssertUnwindSafe(work));
            // before the result is sent: whoever gets it finds the thread free
            shared.end(number, value.as_ref().is_ok_and(is_complete));
            if let Ok(value) = value {
                let _ = sender.send(Ok(Done { value, waited }));
            } else {
                scope.sync_scope(|| tracing::error!("a render panicked"));
            }
        };
        let _place = self.enter(task, Box::new(job))?;
        receiver.await.unwrap_or(Err(Error::Broken))
    }

    /// The error with which a task without cost would be refused now; counted as a refusal. For callers that do other work
    /// before the task is known.
    pub fn would_refuse(&self, class: Class) -> Option<Error> {
        let refusal = self.shared.state.lock().scheduler.would_refuse(Instant::now(), class)?;
        Some(refusal.into())
    }

    /// Whether idle work ([`Class::Refine`]) should stop, since other work waits: to be asked while it runs.
    pub fn pressure(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move || shared.state.lock().scheduler.wants_idle_work_to_stop(Instant::now())
    }

    /// The load of the pool.
    pub fn load(&self) -> Load {
        let state = self.shared.state.lock();
        let scheduler = &state.scheduler;
        let waiting_by_class = PerClass::from_fn(|class| scheduler.waiting(class));
        Load {
            running: scheduler.running(),
            running_bytes: scheduler.running_bytes(),
            memory: self.shared.limits.memory,
            waiting: waiting_by_class.iter().map(|(_, waiting)| waiting).sum(),
            waiting_by_class,
            queued: PerClass::from_fn(|class| scheduler.queued(class)),
            correction: PerClass::from_fn(|class| scheduler.correction(class)),
            begun: scheduler.begun(),
            shared_decodes: scheduler.decodes.reused(),
            oldest: scheduler.oldest().map(|since| since.elapsed()).unwrap_or_default(),
            refusals: scheduler.refusals(),
        }
    }

    /// Actual over predicted time of tasks that succeeded, by class; the predictions are uncorrected.
    pub fn ratios(&self) -> &PerClass<CostRatios> {
        &self.shared.ratios
    }

    fn enter(&self, task: Task, job: Job) -> Result<Place, Refusal> {
        let mut state = self.shared.state.lock();
        let now = Instant::now();
        let admission = state.scheduler.admit(now, task)?;
        let ticket = state.scheduler.enter(now, admission, job);
        if state.wants_thread(self.shared.limits.threads) {
            let shared = Arc::clone(&self.shared);
            self.threads.spawn(move || shared.work());
        }
        Ok(Place { shared: Arc::clone(&self.shared), ticket })
    }
}

impl Shared {
    /// Runs tasks until none waits. Called on a thread of the pool.
    fn work(self: Arc<Self>) {
        loop {
            let mut state = self.state.lock();
            match state.scheduler.next(Instant::now()) {
                Next::Run { number, waited, role, work } => {
                    // there may be memory for more than one task now
                    let is_more = state.scheduler.has_waiting() && state.wants_thread(self.limits.threads);
                    drop(state);
                    if is_more {
                        let shared = Arc::clone(&self);
                        rayon::spawn(move || shared.work());
                    }
                    work(Ok(Start { number, waited, role }));
                }
                Next::Drop { refusal, work } => {
                    drop(state);
                    work(Err(refusal.into()));
                }
                Next::Idle => {
                    state.active -= 1;
                    return;
                }
            }
        }
    }

    fn end(&self, number: u64, is_complete: bool) {
        let ended = self.state.lock().scheduler.end(Instant::now(), number, is_complete);
        let Some(Ended { class, predicted, actual, pixels }) = ended else { return };
        // the lock is released before that
        drop(pixels);
        if is_complete {
            self.ratios[class].observe(actual, predicted);
        }
    }
}

impl State {
    /// Whether one more thread should look for work. It then counts as active.
    fn wants_thread(&mut self, threads: usize) -> bool {
        let is_free = self.active < threads;
        self.active += usize::from(is_free);
        is_free
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // what the task owns is dropped after the lock is released
        let _owned = self.shared.state.lock().scheduler.leave(self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::{FutureExt, future::poll_immediate};

    use super::*;
    use crate::render::Cost;

    const LIMITS: fn(usize, usize) -> Limits = |threads, queue| Limits {
        threads,
        queue,
        memory: 1 << 30,
        deadline: Duration::from_mins(1),
        shares: PerClass::from_fn(|_| 1),
    };

    fn pool(threads: usize, queue: usize) -> Pool {
        Pool::new(LIMITS(threads, queue)).unwrap()
    }

    fn task() -> Task {
        sized(0)
    }

    fn sized(bytes: u64) -> Task {
        let deadline = Instant::now() + Duration::from_mins(1);
        Task { class: Class::Picture, cost: Cost { cpu: Duration::ZERO, bytes }, deadline, decode: None }
    }

    /// A job that signals its start and waits for a signal to end.
    fn gated() -> (impl FnOnce() -> u32 + Send + 'static, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (began, has_begun) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let job = move || {
            began.send(()).unwrap();
            released.recv().unwrap();
            1
        };
        (job, has_begun, release)
    }

    fn counts(pool: &Pool) -> (usize, usize, u64) {
        let load = pool.load();
        (load.running, load.waiting, load.begun)
    }

    #[tokio::test]
    async fn tasks_beyond_the_queue_limit_are_refused_at_once() {
        let pool = pool(1, 1);
        let (job, has_begun, release) = gated();
        let mut first = Box::pin(pool.run(task(), job));
        assert!(poll_immediate(&mut first).await.is_none());
        has_begun.recv().unwrap();
        assert!(pool.would_refuse(Class::Picture).is_none());
        let mut second = Box::pin(pool.run(task(), || 2));
        assert!(poll_immediate(&mut second).await.is_none());
        assert_eq!(counts(&pool), (1, 1, 1));
        assert!(matches!(pool.would_refuse(Class::Picture), Some(Error::Overloaded { .. })));
        let refused = pool.run(task(), || 3).now_or_never();
        assert!(matches!(refused, Some(Err(Error::Overloaded { .. }))));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap().value, 1);
        assert_eq!(second.await.unwrap().value, 2);
        assert_eq!(counts(&pool), (0, 0, 2));
    }

    #[tokio::test]
    async fn a_dropped_task_leaves_the_queue() {
        let pool = pool(1, 1);
        let (job, has_begun, release) = gated();
        let mut first = Box::pin(pool.run(task(), job));
        assert!(poll_immediate(&mut first).await.is_none());
        has_begun.recv().unwrap();
        let mut left = Box::pin(pool.run(task(), || 9));
        assert!(poll_immediate(&mut left).await.is_none());
        drop(left);
        assert_eq!(counts(&pool), (1, 0, 1));
        let mut next = Box::pin(pool.run(task(), || 2));
        assert!(poll_immediate(&mut next).await.is_none());
        release.send(()).unwrap();
        assert_eq!(next.await.unwrap().value, 2);
        assert_eq!(counts(&pool), (0, 0, 2), "a dropped task is never started");
    }

    #[tokio::test]
    async fn equal_tasks_start_in_the_order_of_arrival() {
        let pool = pool(1, 10);
        let (job, has_begun, release) = gated();
        let mut first = Box::pin(pool.run(task(), job));
        assert!(poll_immediate(&mut first).await.is_none());
        has_begun.recv().unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut others: Vec<_> = (0..10)
            .map(|number| {
                let order = Arc::clone(&order);
                Box::pin(pool.run(task(), move || order.lock().push(number)))
            })
            .collect();
        for other in &mut others {
            assert!(poll_immediate(other).await.is_none());
        }
        release.send(()).unwrap();
        futures_util::future::join_all(others).await;
        assert_eq!(*order.lock(), (0..10).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_panic_is_caught_and_the_thread_continues() {
        let pool = pool(1, 0);
        let broken = pool.run(task(), || panic!("a bug in a codec")).await;
        assert!(matches!(broken, Err::<Done<()>, _>(Error::Broken)));
        assert_eq!(pool.run(task(), || 7).await.unwrap().value, 7);
        assert_eq!(counts(&pool), (0, 0, 2));
    }

    #[tokio::test]
    async fn freed_memory_starts_all_tasks_that_fit() {
        let pool = pool(2, 10);
        let (job, has_begun, release) = gated();
        let mut large = Box::pin(pool.run(sized(1 << 30), job));
        assert!(poll_immediate(&mut large).await.is_none());
        has_begun.recv().unwrap();
        // two tasks that wait for each other
        let barrier = Arc::new(std::sync::Barrier::new(2));
        let mut small: Vec<_> = (0..2)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                Box::pin(pool.run(sized(1), move || barrier.wait().is_leader()))
            })
            .collect();
        for small in &mut small {
            assert!(poll_immediate(small).await.is_none());
        }
        assert_eq!((counts(&pool), pool.load().running_bytes), ((1, 2, 1), 1 << 30));
        release.send(()).unwrap();
        assert!(futures_util::future::join_all(small).await.iter().all(Result::is_ok));
        assert!(large.await.is_ok());
        let too_large = pool.run(sized((1 << 30) + 1), || ()).await.unwrap_err();
        assert_eq!(
            too_large.to_string(),
            "the memory that this needs in bytes: 1073741825, workers.memory allows 1073741824"
        );
    }

    #[tokio::test]
    async fn only_successful_tasks_correct_predictions() {
        let pool = pool(1, 1);
        let task = || Task { cost: Cost { cpu: Duration::from_secs(1), bytes: 0 }, ..task() };
        let failed = pool.try_run(task(), || Err::<(), _>(Error::Deadline)).await;
        assert!(matches!(failed, Err(Error::Deadline)));
        let broken = pool.run(task(), || panic!("a bug in a codec")).await;
        assert!(matches!(broken, Err::<Done<()>, _>(Error::Broken)));
        assert_eq!(pool.ratios()[Class::Picture].count(), 0);
        assert!(pool.load().correction[Class::Picture] >= 1.0);
        assert_eq!(pool.try_run(task(), || Ok(5)).await.unwrap().value, 5);
        assert!(pool.ratios()[Class::Picture].sum() <= 0.1, "a tenth of a second at most");
        assert!(pool.load().correction[Class::Picture] < 1.0);
    }
}
