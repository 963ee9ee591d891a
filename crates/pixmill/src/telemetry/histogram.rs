//! The two histograms of the server: of durations, and of actual over predicted time.

use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

/// Upper bounds of the buckets in seconds: from hits in memory to beyond `limits.deadline` and `uploads.timeout`.
pub const SECONDS: [f64; 21] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 25.0, 50.0, 100.0, 250.0,
];

/// Upper bounds of the buckets of ratios, five per factor of ten.
pub const RATIOS: [f64; 11] = [0.1, 0.16, 0.25, 0.4, 0.63, 1.0, 1.6, 2.5, 4.0, 6.3, 10.0];

/// A histogram of durations.
#[derive(Debug, Clone)]
pub struct Durations(Histogram);

impl Default for Durations {
    fn default() -> Self {
        Self(Histogram::new(SECONDS))
    }
}

impl Durations {
    /// Counts a duration.
    pub fn observe(&self, duration: Duration) {
        self.0.observe(duration.as_secs_f64());
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.0.count()
    }

    /// The histogram itself, for a scrape.
    pub fn inner(&self) -> &Histogram {
        &self.0
    }
}

/// A histogram of actual over predicted time.
#[derive(Debug, Clone)]
pub struct CostRatios(Histogram);

impl Default for CostRatios {
    fn default() -> Self {
        Self(Histogram::new(RATIOS))
    }
}

impl CostRatios {
    /// Counts a ratio, unless the predicted time is zero.
    pub fn observe(&self, actual: Duration, predicted: Duration) {
        if !predicted.is_zero() {
            self.0.observe(actual.as_secs_f64() / predicted.as_secs_f64());
        }
    }

    /// The sum of all ratios.
    pub fn sum(&self) -> f64 {
        self.0.sum()
    }

    /// How many ratios were counted.
    pub fn count(&self) -> u64 {
        self.0.count()
    }

    /// The histogram itself, for a scrape.
    pub fn inner(&self) -> &Histogram {
        &self.0
    }
}
