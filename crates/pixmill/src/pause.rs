//! Origins that failed a moment ago are left alone for a while, as long as there is something stale to use.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use result_cache::Key;

/// Originals that are remembered: more than this fail only when all do, and then any will do.
const MOST: usize = 10_000;

/// The originals whose origin is left alone.
#[derive(Debug)]
pub struct Pauses {
    until: Mutex<HashMap<Key, Instant>>,
    length: Duration,
}

impl Pauses {
    /// None yet; each will be this long.
    pub fn new(length: Duration) -> Self {
        Self { until: Mutex::default(), length }
    }

    /// The origin failed to give this original.
    pub fn begin(&self, original: Key) {
        if self.length.is_zero() {
            return;
        }
        let now = Instant::now();
        let mut until = self.until.lock();
        if until.len() >= MOST {
            until.retain(|_, until| *until > now);
        }
        if until.len() < MOST {
            until.insert(original, now + self.length);
        }
    }

    /// The origin gave it.
    pub fn end(&self, original: &Key) {
        self.until.lock().remove(original);
    }

    /// Whether the origin is to be left alone.
    pub fn holds(&self, original: &Key) -> bool {
        self.until.lock().get(original).is_some_and(|until| *until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_of_one_original_and_ends() {
        let pauses = Pauses::new(Duration::from_hours(1));
        let [a, b] = [Key::from_parts(&[b"a"]), Key::from_parts(&[b"b"])];
        pauses.begin(a);
        assert!(pauses.holds(&a) && !pauses.holds(&b));
        pauses.end(&a);
        assert!(!pauses.holds(&a));
        let none = Pauses::new(Duration::ZERO);
        none.begin(a);
        assert!(!none.holds(&a));
    }

    #[test]
    fn it_stays_small() {
        let pauses = Pauses::new(Duration::from_hours(1));
        for number in 0..MOST + 10 {
            pauses.begin(Key::from_parts(&[&number.to_le_bytes()]));
        }
        assert_eq!(pauses.until.lock().len(), MOST);
    }
}
