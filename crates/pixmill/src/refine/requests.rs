//! Counts requests per variant, approximately and in constant memory.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use result_cache::Key;

/// The number of counters: 256 KiB of memory.
const COUNTERS: usize = 1 << 16;

/// Bits of a count; above them is a part of the key that is counted.
const COUNT_BITS: u32 = 16;

/// Counters, each for the key that was requested last of all that share it. Two atomic operations a request, no lock.
///
/// Keys that displace each other in turn are not counted to the end: of those, none is requested much more often than others.
/// Concurrent requests may be counted as one.
#[derive(Debug)]
pub struct RequestCounts(Box<[AtomicU32]>);

impl Default for RequestCounts {
    fn default() -> Self {
        Self((0..COUNTERS).map(|_| AtomicU32::new(0)).collect())
    }
}

impl RequestCounts {
    /// Counts a request. Whether it is the one with number `after`, at least 1; then counting begins anew.
    pub fn reaches(&self, key: &Key, after: u16) -> bool {
        let bytes = key.as_bytes();
        let index = usize::from(u16::from_le_bytes([bytes[0], bytes[1]]));
        let mark = u32::from(u16::from_le_bytes([bytes[2], bytes[3]])) << COUNT_BITS;
        let counter = &self.0[index];
        let known = counter.load(Relaxed);
        let count = if known >> COUNT_BITS << COUNT_BITS == mark { known & u32::from(u16::MAX) } else { 0 };
        let is_reached = count + 1 >= u32::from(after);
        counter.store(if is_reached { mark } else { mark | (count + 1) }, Relaxed);
        is_reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(index: u8, mark: u8) -> Key {
        let mut bytes = [0; Key::LEN];
        bytes[0] = index;
        bytes[2] = mark;
        Key::from(bytes)
    }

    #[test]
    fn each_key_is_counted_by_itself_again_and_again() {
        let counts = RequestCounts::default();
        let reached: Vec<_> = (0..6).map(|_| counts.reaches(&key(1, 1), 3)).collect();
        assert_eq!(reached, [false, false, true, false, false, true]);
        assert!(!counts.reaches(&key(1, 1), 2) && !counts.reaches(&key(2, 1), 2));
        assert!(counts.reaches(&key(1, 1), 2) && counts.reaches(&key(2, 1), 2));
        assert!(counts.reaches(&key(3, 0), 1));
    }

    #[test]
    fn keys_that_share_a_counter_displace_each_other() {
        let counts = RequestCounts::default();
        for _ in 0..10 {
            assert!(!counts.reaches(&key(1, 1), 2) && !counts.reaches(&key(1, 2), 2));
        }
        assert!(counts.reaches(&key(1, 2), 2));
    }

    #[test]
    fn the_highest_setting_fits() {
        let counts = RequestCounts::default();
        let first = (1..=u32::from(u16::MAX)).find(|_| counts.reaches(&key(9, 9), 60_000));
        assert_eq!(first, Some(60_000));
    }
}
