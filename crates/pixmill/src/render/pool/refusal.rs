//! Refusals of tasks: reasons and counts.

use std::time::Duration;

use crate::error::Error;

/// A refusal, at arrival or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It could not end before its deadline.
    Deadline {
        /// After this time it would be admitted.
        retry_after: Duration,
    },
    /// The class is overloaded and the predicted wait is long.
    Overload {
        /// After this time it would be admitted.
        retry_after: Duration,
    },
    /// The queue is full.
    QueueFull {
        /// After this time the queue has capacity.
        retry_after: Duration,
    },
    /// It needs more memory than all tasks together may have.
    Memory {
        /// What it needs, in bytes.
        needed: u64,
        /// What is allowed, in bytes.
        allowed: u64,
    },
    /// It would exceed the deadline of any request, even alone.
    TooLong {
        /// What it needs.
        needed: Duration,
        /// What is allowed.
        allowed: Duration,
    },
    /// It was admitted, but has waited too long.
    Dropped {
        /// After this time it would be admitted.
        retry_after: Duration,
    },
    /// It was admitted, and its deadline passed while it waited.
    Expired,
}

/// How many tasks were refused, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refusals([u64; Refusals::REASONS.len()]);

impl Refusals {
    /// The names of the reasons in metrics.
    const REASONS: [&'static str; 5] = ["deadline", "overload", "queue_full", "memory", "dropped"];

    /// Counts one.
    pub fn count(&mut self, refusal: Refusal) {
        self.0[refusal.reason()] += 1;
    }

    /// Each reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Self::REASONS.into_iter().zip(self.0)
    }
}

impl Refusal {
    /// Its place among the reasons.
    fn reason(self) -> usize {
        match self {
            Self::Deadline { .. } | Self::TooLong { .. } => 0,
            Self::Overload { .. } => 1,
            Self::QueueFull { .. } => 2,
            Self::Memory { .. } => 3,
            Self::Dropped { .. } | Self::Expired => 4,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Deadline { retry_after }
            | Refusal::Overload { retry_after }
            | Refusal::QueueFull { retry_after }
            | Refusal::Dropped { retry_after } => Self::Overloaded { retry_after },
            Refusal::Memory { needed, allowed } => {
                Self::Image(vips_ops::Error::OverLimit(image_api::error::OverLimit {
                    what: "the memory that this needs in bytes",
                    bound: "workers.memory allows",
                    actual: needed,
                    limit: allowed,
                }))
            }
            Refusal::TooLong { needed, allowed } => {
                Self::Image(vips_ops::Error::OverLimit(image_api::error::OverLimit {
                    what: "the time that this takes in milliseconds",
                    bound: "limits.deadline allows",
                    actual: needed.as_millis() as u64,
                    limit: allowed.as_millis() as u64,
                }))
            }
            Refusal::Expired => Self::Deadline,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_counted_under_its_reason() {
        let retry_after = Duration::from_secs(1);
        let mut refusals = Refusals::default();
        for refusal in [
            Refusal::Deadline { retry_after },
            Refusal::TooLong { needed: retry_after, allowed: Duration::ZERO },
            Refusal::Overload { retry_after },
            Refusal::QueueFull { retry_after },
            Refusal::Memory { needed: 2, allowed: 1 },
            Refusal::Dropped { retry_after },
            Refusal::Expired,
        ] {
            refusals.count(refusal);
        }
        let counted: Vec<_> = refusals.iter().collect();
        assert_eq!(
            counted,
            [("deadline", 2), ("overload", 1), ("queue_full", 1), ("memory", 1), ("dropped", 2)]
        );
    }

    #[test]
    fn a_task_that_can_never_run_names_the_limit() {
        let told = |refusal| Error::from(refusal).to_string();
        let memory = told(Refusal::Memory { needed: 7, allowed: 5 });
        assert_eq!(memory, "the memory that this needs in bytes: 7, workers.memory allows 5");
        let seconds = Duration::from_secs;
        let time = told(Refusal::TooLong { needed: seconds(41), allowed: seconds(20) });
        assert_eq!(time, "the time that this takes in milliseconds: 41000, limits.deadline allows 20000");
    }
}
