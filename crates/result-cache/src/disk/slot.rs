//! Whether the disk is in use: taken out when it fails, put back by one caller after a rest.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

/// Holds what is in use, an engine, and how things stand while there is none.
#[derive(Debug)]
pub(super) struct Slot<E>(watch::Sender<State<E>>);

#[derive(Debug)]
enum State<E> {
    Up(Arc<E>),
    /// Left alone until then.
    Resting(Instant),
    /// Somebody is opening it.
    Opening,
    Closed,
}

impl<E> Slot<E> {
    /// In use.
    pub(super) fn new(engine: E) -> Self {
        Self(watch::Sender::new(State::Up(Arc::new(engine))))
    }

    /// The engine, if it is in use.
    pub(super) fn engine(&self) -> Option<Arc<E>> {
        match &*self.0.borrow() {
            State::Up(engine) => Some(Arc::clone(engine)),
            _ => None,
        }
    }

    /// Takes out the engine, for a rest. False if it was already out, or is another one by now.
    pub(super) fn fail(&self, failed: &Arc<E>, until: Instant) -> bool {
        self.0.send_if_modified(|state| match state {
            State::Up(engine) if Arc::ptr_eq(engine, failed) => {
                *state = State::Resting(until);
                true
            }
            _ => false,
        })
    }

    /// True for one caller after the rest: it must open the engine and tell how that [went](Self::opened).
    pub(super) fn claim(&self, now: Instant) -> bool {
        self.0.send_if_modified(|state| match state {
            State::Resting(until) if now >= *until => {
                *state = State::Opening;
                true
            }
            _ => false,
        })
    }

    /// Puts in the engine that was opened, or rests again. Nothing comes into a slot that was closed
    /// meanwhile.
    pub(super) fn opened(&self, engine: Result<E, Instant>) {
        self.0.send_if_modified(|state| match state {
            State::Opening => {
                *state = match engine {
                    Ok(engine) => State::Up(Arc::new(engine)),
                    Err(until) => State::Resting(until),
                };
                true
            }
            _ => false,
        });
    }

    /// Waits while somebody is opening it.
    pub(super) async fn settled(&self) {
        let mut state = self.0.subscribe();
        // the sender is ours: this cannot end with an error
        drop(state.wait_for(|state| !matches!(state, State::Opening)).await);
    }

    /// Takes out the engine for good.
    pub(super) fn close(&self) -> Option<Arc<E>> {
        match self.0.send_replace(State::Closed) {
            State::Up(engine) => Some(engine),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const REST: Duration = Duration::from_secs(30);

    fn resting(now: Instant) -> Slot<u8> {
        let slot = Slot::new(1);
        assert!(slot.fail(&slot.engine().unwrap(), now + REST));
        assert_eq!(slot.engine(), None);
        slot
    }

    #[test]
    fn a_failure_takes_out_only_the_engine_that_failed_and_is_told_once() {
        let now = Instant::now();
        let slot = Slot::new(1);
        let first = slot.engine().unwrap();
        assert!(slot.fail(&first, now));
        assert!(!slot.fail(&first, now));
        assert!(slot.claim(now));
        slot.opened(Ok(1));
        assert!(!slot.fail(&first, now), "a late failure of the old engine");
        assert_eq!(slot.engine().as_deref(), Some(&1));
    }

    #[test]
    fn one_caller_opens_it_after_the_rest() {
        let now = Instant::now();
        let slot = resting(now);
        assert!(!slot.claim(now));
        assert!(!slot.claim(now + REST.mul_f64(0.99)));
        assert!(slot.claim(now + REST));
        assert!(!slot.claim(now + REST));
        slot.opened(Err(now + 2 * REST));
        assert!(!slot.claim(now + REST));
        assert!(slot.claim(now + 2 * REST));
        slot.opened(Ok(2));
        assert_eq!(slot.engine().as_deref(), Some(&2));
        assert!(!slot.claim(now + 9 * REST));
    }

    #[test]
    fn closed_is_for_good() {
        let now = Instant::now();
        let slot = resting(now);
        assert!(slot.claim(now + REST));
        assert_eq!(slot.close(), None);
        slot.opened(Ok(2));
        assert_eq!(slot.engine(), None);
        assert!(!slot.claim(now + 9 * REST));
        assert_eq!(Slot::new(1).close().as_deref(), Some(&1));
    }

    #[tokio::test]
    async fn settled_waits_for_the_opening_only() {
        let now = Instant::now();
        let slot = resting(now);
        slot.settled().await;
        assert!(slot.claim(now + REST));
        tokio::join!(slot.settled(), async { slot.opened(Ok(2)) });
        assert_eq!(slot.engine().as_deref(), Some(&2));
    }
}
