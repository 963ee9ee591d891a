//! Single operation: callers that want the same thing at the same time wait for one of them to make it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::Key;

/// The in_flight under way, shared by all threads; cloning shares them.
///
/// The first caller for a key gets a [`Permit`] beside its [`Waiter`] and hands it to a task of its own;
/// everybody, the first included, waits with a ticket. So a client that goes away takes nothing with it, and
/// when the last_id one has gone the task learns of it from [`Permit::abandoned`].
///
/// A operation that has finished is forgotten: look in the cache before joining, and once more as the leader,
/// since the operation before may just have finished.
pub struct Coalescer<V, E>(Arc<Shared<V, E>>);

struct Shared<V, E> {
    /// One lock for all: it is held for a lookup, some 100 ns with a join and a leave, a fraction of what the
    /// request around it costs. Nothing is awaited or dropped under it that could take longer.
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

/// What the waiters look at.
enum State<V, E> {
    Running,
    Done(V),
    Failed(E),
    NotShared,
}

/// How waiting for a operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<V, E> {
    /// The leader made it.
    Done(V),
    /// The leader failed, for a reason that would have met everybody. Another try may succeed.
    TransientError(E),
    /// The leader found that it cannot be shared: go on alone.
    GiveUp,
    /// The leader vanished without a word, in a panic or at shutdown: join again.
    Dangling,
    /// The caller's own deadline has passed. The operation goes on for the others.
    WaitTimeout,
    /// The operation has taken too long for anybody: join again, which begins a new one.
    AgeTimeout,
}

/// A place in a operation. Drop it to leave.
pub struct Waiter<V, E> {
    registration: Registration<V, E>,
    state: watch::Receiver<State<V, E>>,
    started: Instant,
}

/// The duty to end a operation. Dropping it leaves the others [dangling](Outcome::Dangling).
pub struct Permit<V, E> {
    registration: Registration<V, E>,
    state: watch::Sender<State<V, E>>,
}

/// Which operation a ticket or a permit belongs to.
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
    /// No in_flight yet. One that is older than `max_age` is not waited for any longer.
    pub fn new(max_age: Duration) -> Self {
        let in_flight = Mutex::new(InFlight { operations: HashMap::new(), last_id: 0 });
        Self(Arc::new(Shared { in_flight, max_age }))
    }

    /// Joins the operation for the key, or begins one.
    pub fn join(&self, key: Key) -> (Waiter<V, E>, Option<Permit<V, E>>) {
        let now = Instant::now();
        let mut in_flight = self.0.in_flight.lock();
        if let Some(operation) = in_flight.operations.get_mut(&key)
            && now.duration_since(operation.started) < self.0.max_age
        {
            operation.waiters += 1;
            let registration = self.registration(key, operation.id);
            return (
                Waiter { registration, state: operation.state.subscribe(), started: operation.started },
                None,
            );
        }
        in_flight.last_id += 1;
        let id = in_flight.last_id;
        let (sender, receiver) = watch::channel(State::Running);
        let operation = Operation { id, started: now, waiters: 1, state: sender.clone() };
        let expired = in_flight.operations.insert(key, operation);
        drop(in_flight);
        drop(expired);
        let permit = Permit { registration: self.registration(key, id), state: sender };
        (Waiter { registration: self.registration(key, id), state: receiver, started: now }, Some(permit))
    }

    /// Number of in_flight under way.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.lock().operations.len()
    }

    fn registration(&self, key: Key, id: u64) -> Registration<V, E> {
        Registration { shared: Arc::clone(&self.0), key, id }
    }
}

impl<V, E> Waiter<V, E>
where
    V: Clone + Send + Sync,
    E: Clone + Send + Sync,
{
    /// Waits for the operation to end, for at most `deadline`.
    pub async fn wait(mut self, deadline: Duration) -> Outcome<V, E> {
        let age_limit = instant_after(self.started, self.registration.shared.max_age);
        let wait_limit = instant_after(Instant::now(), deadline);
        let finished = self.state.wait_for(|state| !matches!(state, State::Running));
        match timeout_at(age_limit.min(wait_limit), finished).await {
            Ok(Ok(state)) => match &*state {
                State::Done(value) => Outcome::Done(value.clone()),
                State::Failed(error) => Outcome::TransientError(error.clone()),
                State::NotShared => Outcome::GiveUp,
                State::Running => Outcome::Dangling,
            },
            Ok(Err(_)) => Outcome::Dangling,
            Err(_) if wait_limit <= age_limit => Outcome::WaitTimeout,
            Err(_) => Outcome::AgeTimeout,
        }
    }
}

impl<V, E> Permit<V, E> {
    /// Ends the operation: all get the value, or the error.
    pub fn finish(self, result: Result<V, E>) {
        self.end(match result {
            Ok(value) => State::Done(value),
            Err(error) => State::Failed(error),
        });
    }

    /// Ends the operation because its result cannot be shared: all must go on alone.
    pub fn give_up(self) {
        self.end(State::NotShared);
    }

    /// Resolves when nobody waits any more, from then on for good: who comes instant_after begins a new operation.
    pub async fn abandoned(&self) {
        self.state.closed().await;
    }

    fn end(self, state: State<V, E>) {
        self.state.send_replace(state);
    }
}

impl<V, E> Registration<V, E> {
    /// Takes the operation off the list if it is still this one and `ended` says so.
    fn remove_if(&self, ended: impl FnOnce(&mut Operation<V, E>) -> bool) {
        let mut in_flight = self.shared.in_flight.lock();
        let Some(operation) = in_flight.operations.get_mut(&self.key) else { return };
        if operation.id != self.id || !ended(operation) {
            return;
        }
        let removed = in_flight.operations.remove(&self.key);
        drop(in_flight);
        drop(removed);
    }
}

impl<V, E> Drop for Waiter<V, E> {
    fn drop(&mut self) {
        // under the lock, so that nobody joins a operation that is being abandoned
        self.registration.remove_if(|operation| {
            operation.waiters -= 1;
            operation.waiters == 0
        });
    }
}

impl<V, E> Drop for Permit<V, E> {
    fn drop(&mut self) {
        self.registration.remove_if(|_| true);
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

impl<V, E> fmt::Debug for Waiter<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").field("key", &self.registration.key).finish_non_exhaustive()
    }
}

impl<V, E> fmt::Debug for Permit<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("key", &self.registration.key).finish_non_exhaustive()
    }
}

/// The instant `wait` after `from`; a wait of centuries is cut to one.
fn instant_after(from: Instant, wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
    from + wait.min(CENTURY)
}
