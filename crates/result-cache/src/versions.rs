//! Notices that a key was written or removed while a slower tier was being read.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::Key;

/// Keys share counters: a chance neighbour costs one promotion, never a wrong answer.
const STRIPES: usize = 64;

/// One counter for each stripe of keys.
///
/// A hit in a slow tier is copied into memory. If the key was replaced or removed in the meantime, that copy
/// would bring back the old bytes. So a change is counted after the slow tier has it and before memory has
/// it, and whoever copies compares the count from before reading with the one after copying: when they are
/// equal, either the reading saw the change or memory gets it after the copy.
#[derive(Debug)]
pub(crate) struct Versions([AtomicU64; STRIPES]);

impl Default for Versions {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; STRIPES])
    }
}

impl Versions {
    /// The count for this key.
    pub(crate) fn of(&self, key: &Key) -> u64 {
        self.stripe(key).load(SeqCst)
    }

    /// Counts a change of this key.
    pub(crate) fn change(&self, key: &Key) {
        self.stripe(key).fetch_add(1, SeqCst);
    }

    /// Counts a change of every key.
    pub(crate) fn change_all(&self) {
        for stripe in &self.0 {
            stripe.fetch_add(1, SeqCst);
        }
    }

    fn stripe(&self, key: &Key) -> &AtomicU64 {
        &self.0[usize::from(key.as_bytes()[0]) % STRIPES]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_in_its_own_stripe() {
        let versions = Versions::default();
        let (a, b) = (Key::from([0; Key::LEN]), Key::from([1; Key::LEN]));
        let before = (versions.of(&a), versions.of(&b));
        versions.change(&a);
        assert_ne!(versions.of(&a), before.0);
        assert_eq!(versions.of(&b), before.1);
        versions.change_all();
        assert_ne!(versions.of(&b), before.1);
    }
}
