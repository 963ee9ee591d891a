//! The permit to produce the value that coalesced callers wait for.

use std::fmt;

use tokio::sync::watch;

use super::{Registration, State};

/// The permit, and the duty, to end an operation. Dropping it leaves the waiters [dangling](super::Outcome::Dangling).
pub struct Permit<V, E> {
    registration: Registration<V, E>,
    state: watch::Sender<State<V, E>>,
}

impl<V, E> Permit<V, E> {
    pub(super) fn new(registration: Registration<V, E>, state: watch::Sender<State<V, E>>) -> Self {
        Self { registration, state }
    }

    /// Ends the operation: all waiters get the value, or the error.
    pub fn finish(self, result: Result<V, E>) {
        self.end(match result {
            Ok(value) => State::Done(value),
            Err(error) => State::Failed(error),
        });
    }

    /// Ends the operation because its result cannot be shared: each waiter has to produce its own.
    pub fn give_up(self) {
        self.end(State::NotShared);
    }

    /// Resolves when nobody waits any more. That is final: later callers start a new operation.
    pub async fn abandoned(&self) {
        self.state.closed().await;
    }

    fn end(self, state: State<V, E>) {
        self.state.send_replace(state);
    }
}

impl<V, E> Drop for Permit<V, E> {
    fn drop(&mut self) {
        self.registration.remove_if(|_| true);
    }
}

impl<V, E> fmt::Debug for Permit<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("key", &self.registration.key).finish_non_exhaustive()
    }
}
