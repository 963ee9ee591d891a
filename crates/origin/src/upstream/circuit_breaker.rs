//! A circuit breaker: after so many failures in a row a host is left alone for a while, then tried once.

use std::time::{Duration, Instant};

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    /// How many failures in a row open it; 0: it never opens.
    pub(crate) failures: u32,
    /// How long it stays open before a try.
    pub(crate) pause: Duration,
}

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// Everything.
    Closed,
    /// Nothing.
    Open,
    /// One try is under way, and nothing else is let through.
    HalfOpen,
}

/// What was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permit {
    Normal,
    /// The one try that decides whether the breaker closes.
    Probe,
}

/// How what was let through ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Failure,
    /// It says nothing of the host: nobody waited for the end, say.
    Unknown,
}

#[derive(Debug)]
pub(crate) struct CircuitBreaker {
    settings: Settings,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen,
}

impl CircuitBreaker {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, state: State::Closed { failures: 0 } }
    }

    pub(crate) fn circuit(&self) -> Circuit {
        match self.state {
            State::Closed { .. } => Circuit::Closed,
            State::Open { .. } => Circuit::Open,
            State::HalfOpen => Circuit::HalfOpen,
        }
    }

    /// Whether it would let something through at this moment.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { until } => now >= until,
            State::HalfOpen => false,
        }
    }

    /// Lets something through, or not.
    pub(crate) fn acquire(&mut self, now: Instant) -> Option<Permit> {
        if !self.allows(now) {
            return None;
        }
        if matches!(self.state, State::Closed { .. }) {
            return Some(Permit::Normal);
        }
        self.state = State::HalfOpen;
        Some(Permit::Probe)
    }

    /// Takes note of how something ended that was let through; tells whether that opened the breaker.
    pub(crate) fn record(&mut self, pass: Permit, verdict: Outcome, now: Instant) -> bool {
        let Settings { failures: most, pause } = self.settings;
        let (next, opened) = match (verdict, self.state, pass) {
            // also of what was let through before the breaker opened: the host is back
            (Outcome::Success, _, _) => (State::Closed { failures: 0 }, false),
            (Outcome::Failure, State::Closed { failures }, _) => {
                let failures = failures.saturating_add(1);
                let opens = most > 0 && failures >= most;
                (if opens { State::Open { until: now + pause } } else { State::Closed { failures } }, opens)
            }
            (Outcome::Failure, State::HalfOpen, Permit::Probe) => (State::Open { until: now + pause }, true),
            (Outcome::Unknown, State::HalfOpen, Permit::Probe) => (State::Open { until: now }, false),
            (Outcome::Failure | Outcome::Unknown, state, _) => (state, false),
        };
        self.state = next;
        opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(5);

    fn breaker(failures: u32) -> (CircuitBreaker, Instant) {
        (CircuitBreaker::new(Settings { failures, pause: PAUSE }), Instant::now())
    }

    #[test]
    fn opens_after_failures_in_a_row() {
        let (mut breaker, now) = breaker(3);
        let verdicts = [
            Outcome::Failure,
            Outcome::Failure,
            Outcome::Success,
            Outcome::Failure,
            Outcome::Unknown,
            Outcome::Failure,
        ];
        for verdict in verdicts {
            let pass = breaker.acquire(now).unwrap();
            assert!(!breaker.record(pass, verdict, now));
        }
        let pass = breaker.acquire(now).unwrap();
        assert!(breaker.record(pass, Outcome::Failure, now));
        assert_eq!((breaker.circuit(), breaker.acquire(now)), (Circuit::Open, None));
        assert_eq!(breaker.acquire(now + PAUSE / 2), None);
    }

    #[test]
    fn one_try_decides() {
        for (verdict, circuit) in [
            (Outcome::Success, Circuit::Closed),
            (Outcome::Failure, Circuit::Open),
            (Outcome::Unknown, Circuit::Open),
        ] {
            let (mut breaker, now) = breaker(1);
            breaker.record(Permit::Normal, Outcome::Failure, now);
            let later = now + PAUSE;
            assert_eq!(breaker.acquire(later), Some(Permit::Probe));
            assert_eq!(
                (breaker.circuit(), breaker.acquire(later)),
                (Circuit::HalfOpen, None),
                "one at a time"
            );
            breaker.record(Permit::Probe, verdict, later);
            assert_eq!(breaker.circuit(), circuit, "{verdict:?}");
            assert_eq!(breaker.allows(later), verdict != Outcome::Failure, "{verdict:?}");
            assert!(breaker.allows(later + PAUSE));
        }
    }

    #[test]
    fn what_comes_late_does_not_disturb() {
        let (mut breaker, now) = breaker(1);
        breaker.record(Permit::Normal, Outcome::Failure, now);
        assert!(!breaker.record(Permit::Normal, Outcome::Failure, now + PAUSE / 2));
        assert_eq!(breaker.acquire(now + PAUSE), Some(Permit::Probe), "the pause is not made longer");
        breaker.record(Permit::Normal, Outcome::Failure, now + PAUSE);
        assert_eq!(breaker.circuit(), Circuit::HalfOpen);
        breaker.record(Permit::Normal, Outcome::Success, now + PAUSE);
        assert_eq!(breaker.circuit(), Circuit::Closed);
    }

    #[test]
    fn none_at_all() {
        let (mut breaker, now) = breaker(0);
        for _ in 0..1000 {
            let pass = breaker.acquire(now).unwrap();
            assert!(!breaker.record(pass, Outcome::Failure, now));
        }
    }
}
