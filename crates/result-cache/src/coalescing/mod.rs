//! Request coalescing on this node: callers that want the same value at the same time wait for one of them to produce it.

mod permit;
mod waiter;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Key;

pub use permit::Permit;
pub use waiter::{Outcome, Waiter};

/// The operations in flight, shared by all threads. Cloning shares them.
///
/// The first caller for a key gets a [`Permit`] beside its [`Waiter`] and hands it to a task of its own. Every caller, the
/// first one included, waits with its waiter. So a client that disconnects cancels nothing for the others; when the last
/// waiter is gone, the task learns of it by [`Permit::abandoned`].
///
/// An operation that has ended is forgotten: look into the cache before joining, and once more when you hold the permit,
/// since the previous operation may just have ended.
///
/// ```
/// use std::time::Duration;
/// use result_cache::{Coalescer, Key, Outcome};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let coalescer = Coalescer::<u32, String>::new(Duration::from_secs(60));
/// let key = Key::from_parts(&[b"photo.jpg", b"width=300"]);
/// let (first, permit) = coalescer.join(key);
/// let (second, none) = coalescer.join(key);
/// assert!(none.is_none(), "one permit per operation");
///
/// permit.unwrap().finish(Ok(7));
/// assert_eq!(first.wait(Duration::from_secs(1)).await, Outcome::Done(7));
/// assert_eq!(second.wait(Duration::from_secs(1)).await, Outcome::Done(7));
/// # });
/// ```
pub struct Coalescer<V, E>(Arc<Shared<V, E>>);

struct Shared<V, E> {
    /// One lock for all keys: it is held for a lookup, some 100 ns per joining and leaving caller, a fraction of what the
    /// request around it costs. Nothing that could take longer is awaited or dropped under it.
    in_flight: Mutex<InFlight<V, E>>,
    max_age: Duration,
}

struct InFlight<V, E> {
    operations: HashMap<Key, Operation<V, E>>,
    last_id: u64,
}

struct Operation<V, E> {
    id: u64,
    started: Instant,
    waiters: usize,
    state: watch::Sender<State<V, E>>,
}

/// The state that the waiters watch.
enum State<V, E> {
    Running,
    Done(V),
    Failed(E),
    NotShared,
}

/// The operation that a waiter or a permit belongs to.
struct Registration<V, E> {
    shared: Arc<Shared<V, E>>,
    key: Key,
    id: u64,
}

impl<V, E> Coalescer<V, E>
where
    V: Clone + Send + Sync,
    E: Clone + Send + Sync,
{
    /// No operation is in flight. One that is older than `max_age` is neither joined nor waited for.
    pub fn new(max_age: Duration) -> Self {
        let in_flight = Mutex::new(InFlight { operations: HashMap::new(), last_id: 0 });
        Self(Arc::new(Shared { in_flight, max_age }))
    }

    /// Joins the operation in flight for the key, or starts one: then there is a permit.
    pub fn join(&self, key: Key) -> (Waiter<V, E>, Option<Permit<V, E>>) {
        let now = Instant::now();
        let mut in_flight = self.0.in_flight.lock();
        if let Some(operation) = in_flight.operations.get_mut(&key)
            && now.duration_since(operation.started) < self.0.max_age
        {
            operation.waiters += 1;
            let registration = self.registration(key, operation.id);
            return (Waiter::new(registration, operation.state.subscribe(), operation.started), None);
        }
        in_flight.last_id += 1;
        let id = in_flight.last_id;
        let (sender, receiver) = watch::channel(State::Running);
        let operation = Operation { id, started: now, waiters: 1, state: sender.clone() };
        let expired = in_flight.operations.insert(key, operation);
        drop(in_flight);
        drop(expired);
        let permit = Permit::new(self.registration(key, id), sender);
        (Waiter::new(self.registration(key, id), receiver, now), Some(permit))
    }

    /// How many operations are in flight.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.lock().operations.len()
    }

    fn registration(&self, key: Key, id: u64) -> Registration<V, E> {
        Registration { shared: Arc::clone(&self.0), key, id }
    }
}

impl<V, E> Registration<V, E> {
    /// Removes the operation if it is still this one and `has_ended` says so.
    fn remove_if(&self, has_ended: impl FnOnce(&mut Operation<V, E>) -> bool) {
        let mut in_flight = self.shared.in_flight.lock();
        let Some(operation) = in_flight.operations.get_mut(&self.key) else { return };
        if operation.id != self.id || !has_ended(operation) {
            return;
        }
        let removed = in_flight.operations.remove(&self.key);
        drop(in_flight);
        drop(removed);
    }
}

impl<V, E> Clone for Coalescer<V, E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V, E> fmt::Debug for Coalescer<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coalescer").field("max_age", &self.0.max_age).finish_non_exhaustive()
    }
}
