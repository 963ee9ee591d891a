//! How much telemetry the export to a collector has lost, for `/metrics`. Zero in builds without the feature `otlp`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Log lines.
    Logs,
    /// Spans.
    Traces,
    /// Values of all metrics at one time.
    Metrics,
}

static LOST: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Logs, Self::Traces, Self::Metrics];

    /// Its name, as in OTLP.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }

    /// Counts what was lost.
    pub fn add_lost(self, count: usize) {
        LOST[self as usize].fetch_add(count as u64, Relaxed);
    }

    /// How much was lost since the start.
    pub fn lost(self) -> u64 {
        LOST[self as usize].load(Relaxed)
    }
}
