//! Waiting for a coalesced operation, and how that can end.

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::{Registration, State};

/// How waiting for an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<V, E> {
    /// The holder of the permit produced the value.
    Done(V),
    /// The holder of the permit failed, for a reason that would have met every caller. Another try may succeed.
    TransientError(E),
    /// The value cannot be shared: produce your own.
    GiveUp,
    /// The permit was dropped without a result, by a panic or at shutdown: join again.
    Dangling,
    /// The caller's own deadline has passed. The operation goes on for the others.
    WaitTimeout,
    /// The operation is older than `max_age`: join again, which starts a new one.
    AgeTimeout,
}

/// One caller that waits for an operation. Drop it to leave.
pub struct Waiter<V, E> {
    registration: Registration<V, E>,
    state: watch::Receiver<State<V, E>>,
    started: Instant,
}

impl<V, E> Waiter<V, E> {
    pub(super) fn new(
        registration: Registration<V, E>,
        state: watch::Receiver<State<V, E>>,
        started: Instant,
    ) -> Self {
        Self { registration, state, started }
    }
}

impl<V, E> Waiter<V, E>
where
    V: Clone + Send + Sync,
    E: Clone + Send + Sync,
{
    /// Waits until the operation ends, for at most `deadline` from now. Zero finds a result that is already there.
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

impl<V, E> Drop for Waiter<V, E> {
    fn drop(&mut self) {
        // under the lock, so that nobody joins an operation that is being abandoned
        self.registration.remove_if(|operation| {
            operation.waiters -= 1;
            operation.waiters == 0
        });
    }
}

impl<V, E> fmt::Debug for Waiter<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").field("key", &self.registration.key).finish_non_exhaustive()
    }
}

/// The instant `wait` after `from`; a wait of more than a century is cut to a century.
fn instant_after(from: Instant, wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
    from + wait.min(CENTURY)
}
