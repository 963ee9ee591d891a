//! Back-off after a failed fetch: while there is a stale entry to serve, the same original is not requested from the origin
//! again for a short time.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use result_cache::Key;

/// Maximum number of originals in back-off. More fail at once only if their origin is down, and then its circuit breaker is
/// open.
const MAX_ENTRIES: usize = 10_000;

/// The originals whose last fetch failed.
#[derive(Debug)]
pub struct OriginBackoff {
    until: Mutex<HashMap<Key, Instant>>,
    length: Duration,
}

impl OriginBackoff {
    /// No original is backed off yet; each will be for `length`, or never if that is zero.
    pub fn new(length: Duration) -> Self {
        Self { until: Mutex::default(), length }
    }

    /// Starts the back-off of an original, after a fetch of it failed.
    pub fn start(&self, original: Key) {
        if self.length.is_zero() {
            return;
        }
        let now = Instant::now();
        let mut until = self.until.lock();
        if until.len() >= MAX_ENTRIES {
            until.retain(|_, until| *until > now);
        }
        if until.len() < MAX_ENTRIES {
            until.insert(original, now + self.length);
        }
    }

    /// Ends the back-off of an original, after a fetch of it succeeded.
    pub fn clear(&self, original: &Key) {
        self.until.lock().remove(original);
    }

    /// Whether this original is backed off now.
    pub fn is_active(&self, original: &Key) -> bool {
        self.until.lock().get(original).is_some_and(|until| *until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backoff_is_of_one_original_and_ends() {
        let backoff = OriginBackoff::new(Duration::from_hours(1));
        let [a, b] = [Key::from_parts(&[b"a"]), Key::from_parts(&[b"b"])];
        backoff.start(a);
        assert!(backoff.is_active(&a) && !backoff.is_active(&b));
        backoff.clear(&a);
        assert!(!backoff.is_active(&a));
        let none = OriginBackoff::new(Duration::ZERO);
        none.start(a);
        assert!(!none.is_active(&a));
    }

    #[test]
    fn the_number_of_originals_is_bounded() {
        let backoff = OriginBackoff::new(Duration::from_hours(1));
        for number in 0..MAX_ENTRIES + 10 {
            backoff.start(Key::from_parts(&[&number.to_le_bytes()]));
        }
        assert_eq!(backoff.until.lock().len(), MAX_ENTRIES);
    }
}
