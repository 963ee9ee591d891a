//! A histogram of actual over predicted time, counted without locks.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Upper ends of the buckets, five per factor of ten.
pub const BOUNDS: [f64; 11] = [0.1, 0.16, 0.25, 0.4, 0.63, 1.0, 1.6, 2.5, 4.0, 6.3, 10.0];

/// Ratios, counted by size.
#[derive(Debug, Default)]
pub struct Ratios {
    /// One count for each bound, and one for what is larger.
    counts: [AtomicU64; BOUNDS.len() + 1],
    /// The sum of all ratios, in thousandths.
    sum_thousandths: AtomicU64,
}

/// What the histogram holds at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// How many ratios were at most as large as each bound.
    pub up_to: [u64; BOUNDS.len()],
    /// How many there were.
    pub count: u64,
    /// All of them together.
    pub sum: f64,
}

impl Ratios {
    /// Counts one; nothing if nothing was predicted.
    pub fn observe(&self, actual: Duration, predicted: Duration) {
        if predicted.is_zero() {
            return;
        }
        let ratio = actual.as_secs_f64() / predicted.as_secs_f64();
        let bucket = BOUNDS.partition_point(|bound| *bound < ratio);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum_thousandths.fetch_add((ratio * 1e3).round() as u64, Relaxed);
    }

    /// What it holds.
    pub fn read(&self) -> Reading {
        let mut count = 0;
        let mut up_to = [0; BOUNDS.len()];
        for (index, bucket) in self.counts.iter().enumerate() {
            count += bucket.load(Relaxed);
            if let Some(cell) = up_to.get_mut(index) {
                *cell = count;
            }
        }
        Reading { up_to, count, sum: self.sum_thousandths.load(Relaxed) as f64 / 1e3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_counted_up_to_each_bound() {
        let ratios = Ratios::default();
        let second = Duration::from_secs(1);
        for (actual, predicted) in [(0, 1), (1, 1), (2, 1), (11, 1), (1, 0)] {
            ratios.observe(actual * second, predicted * second);
        }
        let Reading { up_to, count, sum } = ratios.read();
        assert_eq!((count, sum as u64), (4, 14));
        assert_eq!(up_to, [1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3]);
    }
}
