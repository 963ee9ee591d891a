//! Supervises the disk engine: takes it down when it fails, and lets one caller reopen it after a back-off.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

/// Holds the engine, or its state while there is none.
#[derive(Debug)]
pub(super) struct Supervisor<E>(watch::Sender<State<E>>);

#[derive(Debug)]
enum State<E> {
    Running(Arc<E>),
    /// Not used until then.
    BackingOff(Instant),
    /// One caller is reopening it.
    Reopening,
    Closed,
}

impl<E> Supervisor<E> {
    /// With a running engine.
    pub(super) fn new(engine: E) -> Self {
        Self(watch::Sender::new(State::Running(Arc::new(engine))))
    }

    /// The engine, if it is running.
    pub(super) fn engine(&self) -> Option<Arc<E>> {
        match &*self.0.borrow() {
            State::Running(engine) => Some(Arc::clone(engine)),
            _ => None,
        }
    }

    /// Takes down the engine for a back-off. False if it was already down, or has been replaced.
    pub(super) fn take_down(&self, failed: &Arc<E>, until: Instant) -> bool {
        self.0.send_if_modified(|state| match state {
            State::Running(engine) if Arc::ptr_eq(engine, failed) => {
                *state = State::BackingOff(until);
                true
            }
            _ => false,
        })
    }

    /// True for one caller after the back-off: it has to reopen the engine and [report](Self::finish_reopen) the result.
    pub(super) fn try_begin_reopen(&self, now: Instant) -> bool {
        self.0.send_if_modified(|state| match state {
            State::BackingOff(until) if now >= *until => {
                *state = State::Reopening;
                true
            }
            _ => false,
        })
    }

    /// Puts the reopened engine in place, or backs off again. Does nothing if the supervisor was closed meanwhile.
    pub(super) fn finish_reopen(&self, engine: Result<E, Instant>) {
        self.0.send_if_modified(|state| match state {
            State::Reopening => {
                *state = match engine {
                    Ok(engine) => State::Running(Arc::new(engine)),
                    Err(until) => State::BackingOff(until),
                };
                true
            }
            _ => false,
        });
    }

    /// Waits while the engine is being reopened.
    pub(super) async fn reopen_finished(&self) {
        let mut state = self.0.subscribe();
        // the sender is ours: this cannot end with an error
        drop(state.wait_for(|state| !matches!(state, State::Reopening)).await);
    }

    /// Takes down the engine for good.
    pub(super) fn close(&self) -> Option<Arc<E>> {
        match self.0.send_replace(State::Closed) {
            State::Running(engine) => Some(engine),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const BACKOFF: Duration = Duration::from_secs(30);

    fn backing_off(now: Instant) -> Supervisor<u8> {
        let supervisor = Supervisor::new(1);
        assert!(supervisor.take_down(&supervisor.engine().unwrap(), now + BACKOFF));
        assert_eq!(supervisor.engine(), None);
        supervisor
    }

    #[test]
    fn only_the_failed_engine_is_taken_down_and_only_once() {
        let now = Instant::now();
        let supervisor = Supervisor::new(1);
        let first = supervisor.engine().unwrap();
        assert!(supervisor.take_down(&first, now));
        assert!(!supervisor.take_down(&first, now));
        assert!(supervisor.try_begin_reopen(now));
        supervisor.finish_reopen(Ok(1));
        assert!(!supervisor.take_down(&first, now), "a late failure of the old engine");
        assert_eq!(supervisor.engine().as_deref(), Some(&1));
    }

    #[test]
    fn one_caller_reopens_it_after_the_back_off() {
        let now = Instant::now();
        let supervisor = backing_off(now);
        assert!(!supervisor.try_begin_reopen(now));
        assert!(!supervisor.try_begin_reopen(now + BACKOFF.mul_f64(0.99)));
        assert!(supervisor.try_begin_reopen(now + BACKOFF));
        assert!(!supervisor.try_begin_reopen(now + BACKOFF));
        supervisor.finish_reopen(Err(now + 2 * BACKOFF));
        assert!(!supervisor.try_begin_reopen(now + BACKOFF));
        assert!(supervisor.try_begin_reopen(now + 2 * BACKOFF));
        supervisor.finish_reopen(Ok(2));
        assert_eq!(supervisor.engine().as_deref(), Some(&2));
        assert!(!supervisor.try_begin_reopen(now + 9 * BACKOFF));
    }

    #[test]
    fn a_closed_supervisor_stays_closed() {
        let now = Instant::now();
        let supervisor = backing_off(now);
        assert!(supervisor.try_begin_reopen(now + BACKOFF));
        assert_eq!(supervisor.close(), None);
        supervisor.finish_reopen(Ok(2));
        assert_eq!(supervisor.engine(), None);
        assert!(!supervisor.try_begin_reopen(now + 9 * BACKOFF));
        assert_eq!(Supervisor::new(1).close().as_deref(), Some(&1));
    }

    #[tokio::test]
    async fn waiting_lasts_only_while_it_is_reopened() {
        let now = Instant::now();
        let supervisor = backing_off(now);
        supervisor.reopen_finished().await;
        assert!(supervisor.try_begin_reopen(now + BACKOFF));
        tokio::join!(supervisor.reopen_finished(), async { supervisor.finish_reopen(Ok(2)) });
        assert_eq!(supervisor.engine().as_deref(), Some(&2));
    }
}
