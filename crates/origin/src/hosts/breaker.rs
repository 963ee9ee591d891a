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
    Trying,
}

/// What was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    Usual,
    /// The one try that decides whether the breaker closes.
    Try,
}

/// How what was let through ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Worked,
    Failed,
    /// It says nothing of the host: nobody waited for the end, say.
    Unknown,
}

#[derive(Debug)]
pub(crate) struct Breaker {
    settings: Settings,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Trying,
}

impl Breaker {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, state: State::Closed { failures: 0 } }
    }

    pub(crate) fn circuit(&self) -> Circuit {
        match self.state {
            State::Closed { .. } => Circuit::Closed,
            State::Open { .. } => Circuit::Open,
            State::Trying => Circuit::Trying,
        }
    }

    /// Whether it would let something through at this moment.
    pub(crate) fn would_pass(&self, now: Instant) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { until } => now >= until,
            State::Trying => false,
        }
    }

    /// Lets something through, or not.
    pub(crate) fn pass(&mut self, now: Instant) -> Option<Pass> {
        if !self.would_pass(now) {
            return None;
        }
        if matches!(self.state, State::Closed { .. }) {
            return Some(Pass::Usual);
        }
        self.state = State::Trying;
        Some(Pass::Try)
    }

    /// Takes note of how something ended that was let through; tells whether that opened the breaker.
    pub(crate) fn note(&mut self, pass: Pass, verdict: Verdict, now: Instant) -> bool {
        let Settings { failures: most, pause } = self.settings;
        let (next, opened) = match (verdict, self.state, pass) {
            // also of what was let through before the breaker opened: the host is back
            (Verdict::Worked, _, _) => (State::Closed { failures: 0 }, false),
            (Verdict::Failed, State::Closed { failures }, _) => {
                let failures = failures.saturating_add(1);
                let opens = most > 0 && failures >= most;
                (if opens { State::Open { until: now + pause } } else { State::Closed { failures } }, opens)
            }
            (Verdict::Failed, State::Trying, Pass::Try) => (State::Open { until: now + pause }, true),
            (Verdict::Unknown, State::Trying, Pass::Try) => (State::Open { until: now }, false),
            (Verdict::Failed | Verdict::Unknown, state, _) => (state, false),
        };
        self.state = next;
        opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(5);

    fn breaker(failures: u32) -> (Breaker, Instant) {
        (Breaker::new(Settings { failures, pause: PAUSE }), Instant::now())
    }

    #[test]
    fn opens_after_failures_in_a_row() {
        let (mut breaker, now) = breaker(3);
        let verdicts = [
            Verdict::Failed,
            Verdict::Failed,
            Verdict::Worked,
            Verdict::Failed,
            Verdict::Unknown,
            Verdict::Failed,
        ];
        for verdict in verdicts {
            let pass = breaker.pass(now).unwrap();
            assert!(!breaker.note(pass, verdict, now));
        }
        let pass = breaker.pass(now).unwrap();
        assert!(breaker.note(pass, Verdict::Failed, now));
        assert_eq!((breaker.circuit(), breaker.pass(now)), (Circuit::Open, None));
        assert_eq!(breaker.pass(now + PAUSE / 2), None);
    }

    #[test]
    fn one_try_decides() {
        for (verdict, circuit) in [
            (Verdict::Worked, Circuit::Closed),
            (Verdict::Failed, Circuit::Open),
            (Verdict::Unknown, Circuit::Open),
        ] {
            let (mut breaker, now) = breaker(1);
            breaker.note(Pass::Usual, Verdict::Failed, now);
            let later = now + PAUSE;
            assert_eq!(breaker.pass(later), Some(Pass::Try));
            assert_eq!((breaker.circuit(), breaker.pass(later)), (Circuit::Trying, None), "one at a time");
            breaker.note(Pass::Try, verdict, later);
            assert_eq!(breaker.circuit(), circuit, "{verdict:?}");
            assert_eq!(breaker.would_pass(later), verdict != Verdict::Failed, "{verdict:?}");
            assert!(breaker.would_pass(later + PAUSE));
        }
    }

    #[test]
    fn what_comes_late_does_not_disturb() {
        let (mut breaker, now) = breaker(1);
        breaker.note(Pass::Usual, Verdict::Failed, now);
        assert!(!breaker.note(Pass::Usual, Verdict::Failed, now + PAUSE / 2));
        assert_eq!(breaker.pass(now + PAUSE), Some(Pass::Try), "the pause is not made longer");
        breaker.note(Pass::Usual, Verdict::Failed, now + PAUSE);
        assert_eq!(breaker.circuit(), Circuit::Trying);
        breaker.note(Pass::Usual, Verdict::Worked, now + PAUSE);
        assert_eq!(breaker.circuit(), Circuit::Closed);
    }

    #[test]
    fn none_at_all() {
        let (mut breaker, now) = breaker(0);
        for _ in 0..1000 {
            let pass = breaker.pass(now).unwrap();
            assert!(!breaker.note(pass, Verdict::Failed, now));
        }
    }
}
