//! The threads that compute, behind a queue that never grows beyond its bound.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use tokio::sync::oneshot;
use vips_ops::vips;

use crate::failure::Failure;

/// A bounded number of threads, and a bounded number of jobs that wait for one.
///
/// Whoever stops waiting for a job that has not begun gives its place free at once. The threads are rayon's, the queue
/// is ours: rayon's own has neither a bound nor a way out.
pub struct Pool {
    threads: ThreadPool,
    queue: Arc<Queue>,
}

/// What a job gave, and how long it had waited for a thread.
#[derive(Debug)]
pub struct Done<T> {
    /// The result.
    pub value: T,
    /// Time in the queue.
    pub waited: Duration,
}

/// How busy the pool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Jobs being computed.
    pub running: usize,
    /// Jobs that wait for a thread.
    pub waiting: usize,
    /// Jobs begun since the start.
    pub begun: u64,
    /// How long the oldest job has been waiting.
    pub oldest: Duration,
}

struct Queue {
    /// One lock for all, held for a look-up among at most a few hundred entries, a few times a render.
    state: Mutex<State>,
    capacity: usize,
}

#[derive(Default)]
struct State {
    running: usize,
    begun: u64,
    last: u64,
    /// By number, hence in the order in which they came.
    waiting: BTreeMap<u64, Waiting>,
}

struct Waiting {
    since: Instant,
    work: Box<dyn FnOnce() + Send>,
}

/// A job's place in the queue; dropping it takes the job out if it has not begun.
struct Place {
    queue: Arc<Queue>,
    number: u64,
}

impl Pool {
    /// `threads` jobs at a time, and `queue` more that wait.
    pub fn new(threads: usize, queue: usize) -> Result<Self, ThreadPoolBuildError> {
        let capacity = threads.saturating_add(queue);
        let threads = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("render-{index}"))
            .exit_handler(|_| vips::thread_shutdown())
            .build()?;
        let queue = Arc::new(Queue { state: Mutex::default(), capacity });
        Ok(Self { threads, queue })
    }

    /// Computes on one of the threads, after what came before; refuses at once when the queue is full.
    ///
    /// Dropping the future takes the job out of the queue. One that has begun runs on, and should be told to end.
    pub async fn run<T>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<Done<T>, Failure>
    where
        T: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let since = Instant::now();
        let queue = Arc::clone(&self.queue);
        let job = move || {
            let waited = since.elapsed();
            let value = catch_unwind(AssertUnwindSafe(work));
            // before the result goes out: whoever gets it finds the thread free
            queue.end();
            if let Ok(value) = value {
                let _ = sender.send(Done { value, waited });
            } else {
                tracing::error!("a render panicked");
            }
        };
        let _place = Queue::enter(&self.queue, Waiting { since, work: Box::new(job) })?;
        let queue = Arc::clone(&self.queue);
        self.threads.spawn(move || queue.work());
        receiver.await.map_err(|_| Failure::Broken)
    }

    /// Whether another job would be refused now.
    pub fn is_full(&self) -> bool {
        self.queue.state.lock().is_full(self.queue.capacity)
    }

    /// How busy the pool is.
    pub fn load(&self) -> Load {
        let state = self.queue.state.lock();
        let oldest = state.waiting.first_key_value().map(|(_, job)| job.since.elapsed());
        Load {
            running: state.running,
            waiting: state.waiting.len(),
            begun: state.begun,
            oldest: oldest.unwrap_or_default(),
        }
    }
}

impl Queue {
    fn enter(queue: &Arc<Self>, job: Waiting) -> Result<Place, Failure> {
        let mut state = queue.state.lock();
        if state.is_full(queue.capacity) {
            return Err(Failure::Overloaded);
        }
        state.last += 1;
        let number = state.last;
        state.waiting.insert(number, job);
        Ok(Place { queue: Arc::clone(queue), number })
    }

    /// Does the oldest job that waits. There may be none, if one was taken out.
    fn work(&self) {
        let mut state = self.state.lock();
        let Some((_, job)) = state.waiting.pop_first() else { return };
        state.running += 1;
        state.begun += 1;
        drop(state);
        (job.work)();
    }

    fn end(&self) {
        self.state.lock().running -= 1;
    }
}

impl State {
    fn is_full(&self, capacity: usize) -> bool {
        self.running + self.waiting.len() >= capacity
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // what the job holds is dropped after the lock is let go
        let _job = self.queue.state.lock().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::{FutureExt, future::poll_immediate};

    use super::*;

    /// A job that says when it begins and ends when it is told to.
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
    async fn beyond_the_bound_jobs_are_refused_at_once() {
        let pool = Pool::new(1, 1).unwrap();
        let (job, has_begun, release) = gated();
        let mut first = Box::pin(pool.run(job));
        assert!(poll_immediate(&mut first).await.is_none());
        has_begun.recv().unwrap();
        let mut second = Box::pin(pool.run(|| 2));
        assert!(poll_immediate(&mut second).await.is_none());
        assert_eq!(counts(&pool), (1, 1, 1));
        assert!(pool.is_full());
        assert!(matches!(pool.run(|| 3).now_or_never(), Some(Err(Failure::Overloaded))));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap().value, 1);
        assert_eq!(second.await.unwrap().value, 2);
        assert_eq!(counts(&pool), (0, 0, 2));
    }

    #[tokio::test]
    async fn whoever_stops_waiting_gives_the_place_free() {
        let pool = Pool::new(1, 1).unwrap();
        let (job, has_begun, release) = gated();
        let mut first = Box::pin(pool.run(job));
        assert!(poll_immediate(&mut first).await.is_none());
        has_begun.recv().unwrap();
        let mut left = Box::pin(pool.run(|| 9));
        assert!(poll_immediate(&mut left).await.is_none());
        drop(left);
        assert_eq!(counts(&pool), (1, 0, 1));
        let mut next = Box::pin(pool.run(|| 2));
        assert!(poll_immediate(&mut next).await.is_none());
        release.send(()).unwrap();
        assert_eq!(next.await.unwrap().value, 2);
        assert_eq!(counts(&pool), (0, 0, 2), "what was left is never begun");
    }

    #[tokio::test]
    async fn jobs_begin_in_the_order_in_which_they_came() {
        let pool = Pool::new(1, 10).unwrap();
        let (job, has_begun, release) = gated();
        let mut first = Box::pin(pool.run(job));
        assert!(poll_immediate(&mut first).await.is_none());
        has_begun.recv().unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut others: Vec<_> = (0..10)
            .map(|number| {
                let order = Arc::clone(&order);
                Box::pin(pool.run(move || order.lock().push(number)))
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
    async fn a_panic_is_caught_and_the_thread_lives() {
        let pool = Pool::new(1, 0).unwrap();
        let broken = pool.run(|| panic!("a bug in a codec")).await;
        assert!(matches!(broken, Err::<Done<()>, _>(Failure::Broken)));
        assert_eq!(pool.run(|| 7).await.unwrap().value, 7);
        assert_eq!(counts(&pool), (0, 0, 2));
    }
}
