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
    job::{self, Id, Point},
    order::{self, Carried, Order},
};
use crate::{
    failure::{Failure, RETRY_SOON},
    http::error::object,
    render::Class,
    state::{Shared, Worker},
};

/// The queue.
pub struct Background {
    state: Mutex<State>,
    changed: Notify,
    capacity: usize,
    refusals: AtomicU64,
}

struct State {
    waiting: VecDeque<(Id, Order)>,
    /// All that have not ended, the waiting ones too.
    points: BTreeMap<Id, Point>,
    open: bool,
}

/// Those who work the queue off, on the thread that started them.
pub struct Hands(Vec<JoinHandle<()>>);

impl Background {
    /// A queue of so many jobs, those that are worked on included.
    pub fn new(capacity: usize) -> Self {
        let state = State { waiting: VecDeque::new(), points: BTreeMap::new(), open: true };
        Self { state: Mutex::new(state), changed: Notify::new(), capacity, refusals: AtomicU64::new(0) }
    }

    /// Takes a job, unless the queue is full or the server about to end.
    pub async fn enter(shared: &Shared, order: Order) -> Result<Id, Failure> {
        let id = Id::random();
        shared.background.queue(id, order)?;
        job::note(shared, id, Point::Pending, &id.unended(Point::Pending)).await;
        Ok(id)
    }

    fn queue(&self, id: Id, order: Order) -> Result<(), Failure> {
        let mut state = self.state.lock();
        if !state.open || state.points.len() >= self.capacity {
            self.refusals.fetch_add(1, Relaxed);
            return Err(Failure::Overloaded { retry_after: RETRY_SOON });
        }
        state.points.insert(id, Point::Pending);
        state.waiting.push_back((id, order));
        self.changed.notify_one();
        Ok(())
    }

    /// How far a job of this node is; none: it has ended, or is of another node.
    pub fn point_of(&self, id: Id) -> Option<Point> {
        self.state.lock().points.get(&id).copied()
    }

    /// How many jobs have not ended.
    pub fn load(&self) -> usize {
        self.state.lock().points.len()
    }

    /// How many jobs were not taken.
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Relaxed)
    }

    /// The next job; none when there will be none.
    async fn next(&self) -> Option<(Id, Order)> {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state.lock();
                if let Some((id, order)) = state.waiting.pop_front() {
                    state.points.insert(id, Point::Processing);
                    return Some((id, order));
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
    fn leave(&self, id: Id) {
        self.state.lock().points.remove(&id);
    }
}

impl Hands {
    /// Begins to work the queue off, as many jobs at a time as there are render threads.
    pub fn start(worker: &Rc<Worker>) -> Self {
        let hand = |_| rt::spawn(work(Rc::clone(worker)));
        Self((0..worker.shared.config.workers.thread_count()).map(hand).collect())
    }

    /// Takes no more jobs and ends those there are; what is not done in time fails.
    pub async fn stop(self, shared: &Shared, until: Instant) {
        shared.background.close();
        for mut hand in self.0 {
            let left = until.saturating_duration_since(Instant::now());
            if timeout(left, &mut hand).await.is_err() {
                hand.abort();
                // it is gone when this returns: it tells nothing any more
                let _ = hand.await;
            }
        }
        let left: Vec<_> = shared.background.state.lock().points.keys().copied().collect();
        for id in left {
            end(shared, id, Err(Error::Interrupted.into())).await;
        }
    }
}

async fn work(worker: Rc<Worker>) {
    while let Some((id, order)) = worker.shared.background.next().await {
        job::note(&worker.shared, id, Point::Processing, &id.unended(Point::Processing)).await;
        let (own, order) = (Rc::clone(&worker), Rc::new(order));
        let ordered = Rc::clone(&order);
        let until = Instant::now() + worker.shared.config.uploads.job_timeout;
        // a task of its own: a panic is the end of the job, not of this hand
        let mut task =
            EndOnDrop(rt::spawn(async move { order::carry_out(&own, &ordered, Class::Async, until).await }));
        let carried = (&mut task.0).await.unwrap_or(Err(Failure::Broken));
        end(&worker.shared, id, carried.map(|carried| (carried, order))).await;
    }
}

/// Tells all what became of a job.
async fn end(shared: &Shared, id: Id, carried: Result<(Carried, Rc<Order>), Failure>) {
    let told = match carried {
        Ok((Carried { answer, stored }, order)) => {
            let place = if let Some(place) = order.location() {
                place
            } else {
                job::keep_result(shared, id, &answer).await;
                id.result_location()
            };
            id.done(&place, &stored)
        }
        Err(failure) => {
            tracing::warn!(job = %id, error = %failure, "a job failed");
            id.failed(&object(&failure))
        }
    };
    job::note(shared, id, Point::Ended, &told).await;
    shared.background.leave(id);
}

/// Ends the work of a hand that is taken away.
struct EndOnDrop<T>(JoinHandle<T>);

impl<T> Drop for EndOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
