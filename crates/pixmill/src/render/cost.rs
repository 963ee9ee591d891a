//! The predicted cost of a task on a render thread.

use std::time::Duration;

/// What a task is predicted to need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// CPU time on one thread, on the machine on which the prediction was calibrated.
    pub cpu: Duration,
    /// Memory while it runs, in bytes.
    pub bytes: u64,
}
