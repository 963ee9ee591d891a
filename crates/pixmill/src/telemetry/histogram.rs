//! A histogram of durations, counted without locks.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Upper ends of the buckets, in microseconds: from a hit in memory to the deadline of a request.
pub const BOUNDS: [u64; 17] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// Durations, counted by size.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One count for each bound, and one for what is longer.
    counts: [AtomicU64; BOUNDS.len() + 1],
    sum_micros: AtomicU64,
}

/// What a histogram holds at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// How many durations were at most as long as each bound.
    pub up_to: [u64; BOUNDS.len()],
    /// How many there were.
    pub count: u64,
    /// All of them together, in microseconds.
    pub sum_micros: u64,
}

impl Histogram {
    /// Counts a duration: two additions.
    pub fn observe(&self, duration: Duration) {
        let micros = duration.as_micros() as u64;
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum_micros.fetch_add(micros, Relaxed);
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
        Reading { up_to, count, sum_micros: self.sum_micros.load(Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_counted_up_to_each_bound() {
        let histogram = Histogram::default();
        for micros in [0, 50, 51, 10_000_000, 10_000_001] {
            histogram.observe(Duration::from_micros(micros));
        }
        let reading = histogram.read();
        assert_eq!((reading.count, reading.sum_micros), (5, 20_000_102));
        assert_eq!(reading.up_to[..3], [2, 3, 3]);
        assert_eq!(reading.up_to.last(), Some(&4));
    }
}
