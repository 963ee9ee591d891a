//! Stops asking a disk or a server that does not answer, so that requests do not queue up behind it.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Failures without a success between them before it is left alone: one bad sector is not a bad disk, one
/// slow answer not a dead server.
const FAILURES: u32 = 5;

/// Counts failures in a row. After a rest one more failure is enough for the next one.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: AtomicU32,
    rests_until: Mutex<Option<Instant>>,
}

impl Breaker {
    /// Whether to ask it at the time `now`.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        // no lock while all is well
        self.failures.load(Relaxed) < FAILURES || self.rests_until.lock().is_none_or(|until| now >= until)
    }

    /// It has answered.
    pub(crate) fn succeeded(&self) {
        if self.failures.load(Relaxed) > 0 {
            self.failures.store(0, Relaxed);
        }
    }

    /// It has not answered. True if a rest begins with that.
    pub(crate) fn failed(&self, now: Instant, rest: Duration) -> bool {
        self.count(1, now, rest)
    }

    /// It has not answered, nor anybody else who asked meanwhile: that counts for all. True if a rest begins with that.
    pub(crate) fn fell_silent(&self, now: Instant, rest: Duration) -> bool {
        self.count(FAILURES, now, rest)
    }

    fn count(&self, failures: u32, now: Instant, rest: Duration) -> bool {
        if self.failures.fetch_add(failures, Relaxed).saturating_add(failures) < FAILURES {
            return false;
        }
        let mut rests_until = self.rests_until.lock();
        let begins = rests_until.is_none_or(|until| now >= until);
        if begins {
            *rests_until = Some(now + rest);
        }
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(30);

    fn resting(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 1..FAILURES {
            assert!(!breaker.failed(now, REST));
            assert!(breaker.allows(now));
        }
        assert!(breaker.failed(now, REST));
        breaker
    }

    #[test]
    fn rests_after_failures_in_a_row_and_asks_again_then() {
        let now = Instant::now();
        let breaker = resting(now);
        assert!(!breaker.allows(now));
        assert!(!breaker.allows(now + REST.mul_f64(0.99)));
        assert!(breaker.allows(now + REST));
    }

    #[test]
    fn late_failures_neither_prolong_the_rest_nor_tell_of_it_again() {
        let now = Instant::now();
        let breaker = resting(now);
        assert!(!breaker.failed(now + REST / 2, REST));
        assert!(breaker.allows(now + REST));
    }

    #[test]
    fn one_failure_after_the_rest_begins_the_next() {
        let now = Instant::now();
        let breaker = resting(now);
        assert!(breaker.failed(now + REST, REST));
        assert!(!breaker.allows(now + REST));
    }

    #[test]
    fn silence_begins_a_rest_at_once() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        assert!(breaker.fell_silent(now, REST));
        assert!(!breaker.allows(now));
        assert!(!breaker.fell_silent(now, REST), "it rests already");
        assert!(breaker.allows(now + REST));
    }

    #[test]
    fn a_success_forgives() {
        let now = Instant::now();
        let breaker = resting(now);
        breaker.succeeded();
        assert!(breaker.allows(now));
        for _ in 1..FAILURES {
            assert!(!breaker.failed(now, REST));
        }
    }
}
