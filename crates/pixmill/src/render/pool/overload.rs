//! Detection of sustained overload, so that served requests wait less than a second.
//!
//! A long queue alone is no overload: a page with a hundred new thumbnails fills it once, and it drains. Overload means that the
//! queue stays long *and* that more work arrives than the threads can do. Then arrivals that would wait long are refused at once,
//! so that clients can react, and tasks that have waited too long are dropped, which keeps the wait of the rest short. The numbers were chosen by the simulation in `simulation.rs`.

use std::time::{Duration, Instant};

/// A predicted wait above this is long. With a typical render after it, the response comes within a second. Less leaves
/// threads idle between costly tasks (at 500 ms goodput at twice the capacity falls below 0.95), more makes the 99th
/// percentile longer than a second.
pub const TARGET: Duration = Duration::from_millis(600);

/// How long the predicted wait must have been above [`TARGET`] before arrivals are measured.
const STANDING: Duration = Duration::from_millis(250);

/// The time constant of the measurement of arriving work. With half of it a single costly request beside a burst is taken for
/// an overload; with twice as much, an overload of 2 is noticed after a second and a half.
const WINDOW: Duration = Duration::from_secs(1);

/// How long the predicted wait must have been below half of [`TARGET`] before an overload is over.
const CALM: Duration = Duration::from_secs(1);

/// Tasks that have waited longer than this are dropped during an overload.
const MOST_WAIT: Duration = Duration::from_millis(850);

/// The most tasks that are dropped per refused arrival: a few refusals beside a burst must not drop the whole burst.
const DROPS_PER_REFUSAL: f64 = 0.5;

/// Tasks are not dropped if no arrival was refused for so long: the overload is ending, and the queue can be served.
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
    /// Records the predicted wait.
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

    /// Records arriving work, admitted or not. `capacity` is the number of threads that the class can use.
    pub fn offered(&mut self, now: Instant, work: Duration, capacity: f64) {
        if self.is_standing(now) {
            self.arriving.add(now, work);
            self.is_overloaded |= self.arriving.threads > capacity;
        }
    }

    /// Whether an arrival with this predicted wait should be refused.
    pub fn refuses(&self, wait: Duration) -> bool {
        self.is_overloaded && wait > TARGET
    }

    /// Records a refusal by this rule.
    pub fn refused(&mut self, now: Instant) {
        self.refused = Some(now);
        self.drops += DROPS_PER_REFUSAL;
    }

    /// Records a dropped task.
    pub fn dropped(&mut self) {
        self.drops -= 1.0;
    }

    /// Whether a task that has waited so long should be dropped instead of run.
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
