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
pub struct OriginBackoff {
    until: Mutex<HashMap<Key, Instant>>,
    length: Duration,
}

impl OriginBackoff {
    /// None yet; each will be this long.
    pub fn new(length: Duration) -> Self {
        Self { until: Mutex::default(), length }
    }

    /// The origin failed to give this original.
    pub fn start(&self, original: Key) {
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
    pub fn clear(&self, original: &Key) {
        self.until.lock().remove(original);
    }

    /// Whether the origin is to be left alone.
    pub fn is_active(&self, original: &Key) -> bool {
        self.until.lock().get(original).is_some_and(|until| *until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_of_one_original_and_ends() {
        let origin_backoff = OriginBackoff::new(Duration::from_hours(1));
        let [a, b] = [Key::from_parts(&[b"a"]), Key::from_parts(&[b"b"])];
        origin_backoff.start(a);
        assert!(origin_backoff.is_active(&a) && !origin_backoff.is_active(&b));
        origin_backoff.clear(&a);
        assert!(!origin_backoff.is_active(&a));
        let none = OriginBackoff::new(Duration::ZERO);
        none.start(a);
        assert!(!none.is_active(&a));
    }

    #[test]
    fn it_stays_small() {
        let origin_backoff = OriginBackoff::new(Duration::from_hours(1));
        for number in 0..MOST + 10 {
            origin_backoff.start(Key::from_parts(&[&number.to_le_bytes()]));
        }
        assert_eq!(origin_backoff.until.lock().len(), MOST);
    }
}
