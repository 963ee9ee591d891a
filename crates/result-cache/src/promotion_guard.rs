//! Detects that a key was written or removed while a slower tier was being read.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::Key;

/// Keys share counters: a coincidence costs one promotion, and never gives a wrong entry.
const STRIPES: usize = 64;

/// One version counter per stripe of keys.
///
/// A hit in a slow tier is copied (promoted) into the faster ones. If the key was replaced or removed meanwhile, the copy
/// would bring back old bytes. So each change is counted after the slower tiers have it and before the next faster one has
/// it, and a promotion compares the version from before its read with the one after its copy. If they are equal, either the
/// read saw the change, or the change reaches the faster tier after the copy.
#[derive(Debug)]
pub(crate) struct PromotionGuard([AtomicU64; STRIPES]);

impl Default for PromotionGuard {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; STRIPES])
    }
}

impl PromotionGuard {
    /// The version of this key.
    pub(crate) fn version(&self, key: &Key) -> u64 {
        self.stripe(key).load(SeqCst)
    }

    /// Counts a change of this key.
    pub(crate) fn invalidate(&self, key: &Key) {
        self.stripe(key).fetch_add(1, SeqCst);
    }

    /// Counts a change of all keys.
    pub(crate) fn invalidate_all(&self) {
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
    fn a_change_is_counted_in_its_own_stripe() {
        let guard = PromotionGuard::default();
        let (a, b) = (Key::from([0; Key::LEN]), Key::from([1; Key::LEN]));
        let before = (guard.version(&a), guard.version(&b));
        guard.invalidate(&a);
        assert_ne!(guard.version(&a), before.0);
        assert_eq!(guard.version(&b), before.1);
        guard.invalidate_all();
        assert_ne!(guard.version(&b), before.1);
    }
}
