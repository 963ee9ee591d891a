//! A circuit breaker that many callers share, in front of the disk and of Redis.
//!
//! Requests would otherwise queue up behind a device or a server that does not answer.

use std::time::Duration;

use circuit_breaker::{CircuitBreaker, HalfOpen, Outcome, Permit, Settings};
use parking_lot::Mutex;
use tokio::time::Instant;

/// Consecutive failures that open it: one bad sector is not a bad disk, one slow answer not a dead server.
const FAILURES: u32 = 5;

/// Opens after five consecutive failures. Once `open_for` has passed, all calls go through again, and one more failure
/// opens it.
#[derive(Debug)]
pub(crate) struct Breaker(Mutex<CircuitBreaker>);

impl Breaker {
    /// A closed breaker that refuses calls for this long once it has opened.
    pub(crate) fn new(open_for: Duration) -> Self {
        let half_open = HalfOpen::AllCalls;
        let settings = Settings { failure_threshold: FAILURES, open_for, half_open };
        Self(Mutex::new(CircuitBreaker::new(settings)))
    }

    /// Whether a call may be made at the time `now`.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        self.0.lock().allows(now.into_std())
    }

    /// Records a call that was answered.
    pub(crate) fn succeeded(&self, now: Instant) {
        self.0.lock().record(Permit::Normal, Outcome::Success, now.into_std());
    }

    /// Records a call that failed. True if that opens the breaker.
    pub(crate) fn failed(&self, now: Instant) -> bool {
        self.0.lock().record(Permit::Normal, Outcome::Failure, now.into_std())
    }

    /// Opens the breaker at once: no call was answered of all that were made meanwhile. True if it was closed.
    pub(crate) fn trip(&self, now: Instant) -> bool {
        self.0.lock().trip(now.into_std())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_five_failures_and_admits_all_later() {
        let (breaker, now) = (Breaker::new(Duration::from_secs(30)), Instant::now());
        for _ in 1..FAILURES {
            assert!(!breaker.failed(now) && breaker.allows(now));
        }
        assert!(breaker.failed(now) && !breaker.allows(now));
        let later = now + Duration::from_secs(30);
        assert!(breaker.allows(later) && breaker.allows(later));
        breaker.succeeded(later);
        assert!(!breaker.failed(later) && breaker.allows(later));
        assert!(breaker.trip(later) && !breaker.allows(later));
    }
}
