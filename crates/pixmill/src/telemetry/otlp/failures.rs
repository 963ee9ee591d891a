//! The log lines of a collector that cannot be reached, or that refuses what it is sent.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often a collector that is away is logged.
const LOG_EVERY: Duration = Duration::from_mins(1);

/// The failures of one kind of export.
#[derive(Debug)]
pub struct Failures {
    signal: &'static str,
    in_a_row: Mutex<InARow>,
}

/// The failures since the last success.
#[derive(Debug, Default)]
struct InARow {
    logged: Option<Instant>,
    since_logged: u64,
}

impl Failures {
    /// None yet, of this signal, such as `traces`.
    pub fn new(signal: &'static str) -> Self {
        Self { signal, in_a_row: Mutex::default() }
    }

    /// Logs failures, at most once per [`LOG_EVERY`], and the end of them. `problem` is none after a success.
    pub fn record(&self, problem: Option<String>) {
        let mut failures = self.in_a_row.lock();
        let signal = self.signal;
        let Some(error) = problem else {
            if std::mem::take(&mut *failures).logged.is_some() {
                tracing::info!(signal, "exporting telemetry again");
            }
            return;
        };
        failures.since_logged += 1;
        if failures.logged.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
            let batches = failures.since_logged;
            tracing::warn!(signal, error, batches, "cannot export telemetry");
            *failures = InARow { logged: Some(Instant::now()), since_logged: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_logged_once_and_counted() {
        let failures = Failures::new("traces");
        for failed in 1..4 {
            failures.record(Some("connection refused".to_owned()));
            let in_a_row = failures.in_a_row.lock();
            assert!(in_a_row.logged.is_some());
            assert_eq!(in_a_row.since_logged, failed - 1, "the first is logged, the others are counted");
        }
        failures.record(None);
        assert!(failures.in_a_row.lock().logged.is_none(), "the next failure is logged at once");
    }
}
