//! The pace of requests: at most so many per second, evenly spaced.

use std::{
    num::NonZeroU32,
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Spaces requests of all threads.
#[derive(Debug)]
pub struct Pace {
    interval: Duration,
    /// When the next request may be sent.
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// At most this many requests per second; none: as fast as responses come.
    pub fn new(rate: Option<NonZeroU32>) -> Self {
        let interval = rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.get());
        Self { interval, next: Mutex::new(None) }
    }

    /// Waits until a request may be sent.
    pub fn wait(&self) {
        pause(self.reserve(Instant::now()));
    }

    /// Reserves the next turn, and returns the time until then. Turns that were not used are not made up for.
    fn reserve(&self, now: Instant) -> Duration {
        let mut next = self.next.lock();
        let turn = next.map_or(now, |next| next.max(now));
        *next = Some(turn + self.interval);
        turn - now
    }
}

/// Waits, on a thread that has nothing else to do.
#[expect(clippy::disallowed_methods, reason = "the command has threads of its own, without a runtime")]
pub fn pause(time: Duration) {
    if !time.is_zero() {
        thread::sleep(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_evenly_spaced() {
        let pace = Pace::new(NonZeroU32::new(4));
        let now = Instant::now();
        let millis = |from: Instant| pace.reserve(from).as_millis();
        assert_eq!([now; 3].map(millis), [0, 250, 500]);
        let later = now + Duration::from_secs(5);
        assert_eq!([later; 2].map(millis), [0, 250]);
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let pace = Pace::new(None);
        let now = Instant::now();
        assert_eq!([now; 3].map(|now| pace.reserve(now)), [Duration::ZERO; 3]);
    }
}
