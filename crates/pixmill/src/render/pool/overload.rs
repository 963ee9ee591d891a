//! Detection of sustained overload, so that those who are served wait less than a second.
//!
//! A queue that has stood long is not yet an overload: a page with a hundred new thumbnails fills it once, and it empties by
//! itself. Overload means that the queue stands *and* that more work arrives than the threads can do. Then arrivals that
//! would wait long are refused at once, which a client can act on, and what has waited too long is dropped, which keeps
//! the wait of the rest short. The numbers were chosen by the simulation in `simulation.rs`.

use std::time::{Duration, Instant};

/// A predicted wait above this is long. With an ordinary render after it, the answer comes within a second. Less lets
/// threads run idle between costly tasks (at 500 ms goodput at twice the capacity falls below 0.95), more makes the 99th
/// percentile longer than a second.
pub const TARGET: Duration = Duration::from_millis(600);

/// How long the predicted wait must have been above [`TARGET`] before arrivals are measured.
const STANDING: Duration = Duration::from_millis(250);

/// The time constant of the measurement of arriving work. With half of it a single costly request beside a burst is taken for
/// an overload; with twice as much, an overload of 2 is noticed after a second and a half.
const WINDOW: Duration = Duration::from_secs(1);

/// How long the predicted wait must have been below half of [`TARGET`] before an overload is over.
const CALM: Duration = Duration::from_secs(1);

/// Who has waited longer than this is dropped during an overload.
const MOST_WAIT: Duration = Duration::from_millis(850);

/// How many tasks may be dropped for each arrival that was refused: a few refusals beside a burst must not cost it all that
/// waits.
const DROPS_PER_REFUSAL: f64 = 0.5;

/// Nobody is dropped when nobody was refused for so long: the overload is ending, the queue can be served.
const REFUSING: Duration = Duration::from_millis(250);

/// The state of one class.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overload {
    /// Since when the predicted wait is above the target.
    above: Option<Instant>,
    /// Since when it is below half of the target.
    below: Option<Instant>,
    arriving: Rate,
    is_overloaded: bool,
    refused: Option<Instant>,
    /// How many may still be dropped.
    drops: f64,
}

/// A moving average of work per time.
#[derive(Debug, Clone, Copy, Default)]
struct Rate {
    /// Threads that would be busy.
    threads: f64,
    measured: Option<Instant>,
}

impl Overload {
    /// Takes note of the predicted wait.
    pub fn observe(&mut self, now: Instant, wait: Duration) {
        if wait > TARGET {
            self.above.get_or_insert(now);
        }
        if wait > TARGET / 2 {
            self.below = None;
        } else {
            self.below.get_or_insert(now);
        }
        let is_over = match self.below {
            Some(_) if !self.is_overloaded => true,
            Some(since) => now.saturating_duration_since(since) >= CALM,
            None => wait <= TARGET && !self.is_standing(now),
        };
        if is_over {
            *self = Self { below: self.below, ..Self::default() };
        }
    }

    /// Takes note of work that arrives, whether it is let in or not. `capacity` is how many threads the class can have.
    pub fn offered(&mut self, now: Instant, work: Duration, capacity: f64) {
        if self.is_standing(now) {
            self.arriving.add(now, work);
            self.is_overloaded |= self.arriving.threads > capacity;
        }
    }

    /// Whether an arrival with this predicted wait is to be refused.
    pub fn refuses(&self, wait: Duration) -> bool {
        self.is_overloaded && wait > TARGET
    }

    /// Takes note of a refusal by this rule.
    pub fn refused(&mut self, now: Instant) {
        self.refused = Some(now);
        self.drops += DROPS_PER_REFUSAL;
    }

    /// Takes note of a task that was dropped.
    pub fn dropped(&mut self) {
        self.drops -= 1.0;
    }

    /// Whether a task that has waited so long is to be dropped instead of run.
    pub fn drops(&self, now: Instant, waited: Duration) -> bool {
        let is_refusing = self.refused.is_some_and(|last| now.saturating_duration_since(last) <= REFUSING);
        self.is_overloaded && is_refusing && waited > MOST_WAIT && self.drops >= 1.0
    }

    fn is_standing(&self, now: Instant) -> bool {
        self.above.is_some_and(|since| now.saturating_duration_since(since) >= STANDING)
    }
}

impl Rate {
    fn add(&mut self, now: Instant, work: Duration) {
        let window = WINDOW.as_secs_f64();
        if let Some(last) = self.measured {
            self.threads *= (-now.saturating_duration_since(last).as_secs_f64() / window).exp();
        }
        self.measured = Some(now);
        self.threads += work.as_secs_f64() / window;
    }
}
