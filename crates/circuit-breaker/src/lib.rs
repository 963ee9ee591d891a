//! A circuit breaker: stops calling a service that keeps failing, and finds out later whether it works again.
//!
//! A call that is bound to fail costs its caller a timeout, and the failing service a connection. After a number of
//! consecutive failures the breaker *opens*: calls are refused at once. After a while it lets calls through again
//! (*half-open*), and the first result decides whether it *closes* or opens once more.
//!
//! [`CircuitBreaker`] is a pure state machine. It has no clock, no lock and no timer: the caller passes the current
//! [`Instant`], puts it behind a lock if several threads use it, and does the logging.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use circuit_breaker::{CircuitBreaker, HalfOpen, Outcome, Settings, State};
//!
//! let open_for = Duration::from_secs(3);
//! let settings = Settings { failure_threshold: 2, open_for, half_open: HalfOpen::SingleProbe };
//! let mut breaker = CircuitBreaker::new(settings);
//! let now = Instant::now();
//!
//! // two failures in a row open it
//! for opens in [false, true] {
//!     let permit = breaker.try_acquire(now).expect("it is closed");
//!     assert_eq!(breaker.record(permit, Outcome::Failure, now), opens);
//! }
//! assert_eq!(breaker.try_acquire(now), None);
//!
//! // after `open_for` one probe goes through, and its success closes the breaker
//! let later = now + open_for;
//! let probe = breaker.try_acquire(later).expect("it is time for a probe");
//! assert_eq!(breaker.try_acquire(later), None);
//! breaker.record(probe, Outcome::Success, later);
//! assert_eq!(breaker.state(), State::Closed);
//! ```

use std::time::{Duration, Instant};

/// When a breaker opens, for how long, and what happens then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many consecutive failures open it; 0: it never opens by counting.
    pub failure_threshold: u32,
    /// How long it refuses calls after it has opened.
    pub open_for: Duration,
    /// Which calls it lets through after that.
    pub half_open: HalfOpen,
}

/// Which calls go through once `open_for` has passed, until the result of one is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfOpen {
    /// One at a time: a service that still fails costs one caller its timeout. Every permit must be given to
    /// [`CircuitBreaker::record`], with [`Outcome::Unknown`] if need be, or no further call goes through.
    SingleProbe,
    /// All: for callers that cannot report how each call ended. The first failure opens the breaker again.
    AllCalls,
}

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All calls.
    Closed,
    /// No call until `open_for` has passed.
    Open,
    /// One probe is in flight, and nothing else goes through.
    HalfOpen,
}

/// A call that was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// One of many.
    Normal,
    /// The probe whose result decides whether the breaker closes.
    Probe,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The service answered.
    Success,
    /// The service failed.
    Failure,
    /// Nothing was learned about the service: the caller gave up, for example.
    Unknown,
}

/// The state machine.
#[derive(Debug, Clone)]
pub struct CircuitBreaker {
    settings: Settings,
    phase: Phase,
    /// Since the last success.
    failures: u32,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Closed,
    /// Calls are refused for this long since then.
    Open {
        since: Instant,
        refuses_for: Duration,
    },
    Probing,
}

impl CircuitBreaker {
    /// A closed breaker.
    pub fn new(settings: Settings) -> Self {
        Self { settings, phase: Phase::Closed, failures: 0 }
    }

    /// The state, for metrics. A breaker stays [`State::Open`] after `open_for` until a call is tried.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::Probing => State::HalfOpen,
        }
    }

    /// How many calls failed since the last one that succeeded.
    pub fn consecutive_failures(&self) -> u32 {
        self.failures
    }

    /// Whether [`Self::try_acquire`] would let a call through at the time `now`. Changes nothing.
    pub fn allows(&self, now: Instant) -> bool {
        match self.phase {
            Phase::Closed => true,
            Phase::Open { since, refuses_for } => now.saturating_duration_since(since) >= refuses_for,
            Phase::Probing => false,
        }
    }

    /// Lets a call through at the time `now`, or returns `None`.
    pub fn try_acquire(&mut self, now: Instant) -> Option<Permit> {
        if !self.allows(now) {
            return None;
        }
        match (self.phase, self.settings.half_open) {
            (Phase::Open { .. }, HalfOpen::SingleProbe) => {
                self.phase = Phase::Probing;
                Some(Permit::Probe)
            }
            _ => Some(Permit::Normal),
        }
    }

    /// Records how a call ended that was let through. Returns whether this opened the breaker.
    ///
    /// Any success closes it, also that of a call from before it opened: the service works again. A failure of such a
    /// call neither opens it again nor makes it stay open for longer.
    pub fn record(&mut self, permit: Permit, outcome: Outcome, now: Instant) -> bool {
        let was_probe = permit == Permit::Probe && matches!(self.phase, Phase::Probing);
        match outcome {
            Outcome::Success => {
                (self.phase, self.failures) = (Phase::Closed, 0);
                false
            }
            Outcome::Failure => {
                self.failures = self.failures.saturating_add(1);
                let opens = match self.phase {
                    Phase::Closed => self.is_at_threshold(),
                    Phase::Open { .. } => self.admits_all() && self.allows(now),
                    Phase::Probing => was_probe,
                };
                opens && self.open(now)
            }
            Outcome::Unknown => {
                if was_probe {
                    // the next call is the probe
                    self.phase = Phase::Open { since: now, refuses_for: Duration::ZERO };
                }
                false
            }
        }
    }

    /// Opens the breaker whatever was counted, for a failure that concerns all callers. Returns whether this opened it:
    /// it does not while it refuses calls anyway.
    pub fn trip(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.allows(now) && self.open(now)
    }

    fn open(&mut self, now: Instant) -> bool {
        self.phase = Phase::Open { since: now, refuses_for: self.settings.open_for };
        true
    }

    fn is_at_threshold(&self) -> bool {
        let threshold = self.settings.failure_threshold;
        threshold > 0 && self.failures >= threshold
    }

    fn admits_all(&self) -> bool {
        self.settings.half_open == HalfOpen::AllCalls
    }
}

#[cfg(test)]
mod tests;
