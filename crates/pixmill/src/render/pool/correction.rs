//! Correction of predicted costs by measured ones, so that a faster or slower machine schedules correctly.

use std::time::Duration;

/// Bounds of the correction factor. Beyond them the prediction is wrong, rather than the machine slow.
const FACTORS: (f64, f64) = (0.2, 10.0);

/// Bounds of one observation, actual over predicted time: a task that hung says nothing about others.
const SAMPLES: (f64, f64) = (0.1, 10.0);

/// Seconds of predicted work after which an observation counts 1/e: some hundred renders of ordinary size.
const HORIZON: f64 = 10.0;

/// The confidence in uncorrected predictions at the start, in seconds of work: a few renders are enough to move it.
const PRIOR: f64 = 1.0;

/// A moving average of actual over predicted time, weighted by work.
#[derive(Debug, Clone, Copy)]
pub struct Correction {
    predicted: f64,
    actual: f64,
}

impl Default for Correction {
    fn default() -> Self {
        Self { predicted: PRIOR, actual: PRIOR }
    }
}

impl Correction {
    /// The factor for predictions, 0.2 to 10.
    pub fn factor(&self) -> f64 {
        (self.actual / self.predicted).clamp(FACTORS.0, FACTORS.1)
    }

    /// The predicted time, corrected.
    pub fn correct(&self, predicted: Duration) -> Duration {
        Duration::try_from_secs_f64(predicted.as_secs_f64() * self.factor()).unwrap_or(Duration::MAX)
    }

    /// Adds the observation of a task that ran to its end.
    pub fn learn(&mut self, predicted: Duration, actual: Duration) {
        let predicted = predicted.as_secs_f64();
        let actual = actual.as_secs_f64().clamp(SAMPLES.0 * predicted, SAMPLES.1 * predicted);
        let keep = (-predicted / HORIZON).exp();
        self.predicted = self.predicted * keep + predicted;
        self.actual = self.actual * keep + actual;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: Duration = Duration::from_millis(100);

    fn after(tasks: usize, actual: Duration) -> f64 {
        let mut correction = Correction::default();
        for _ in 0..tasks {
            correction.learn(TASK, actual);
        }
        correction.factor()
    }

    #[test]
    fn the_factor_follows_the_machine_within_its_bounds() {
        assert_eq!(Correction::default().factor().to_bits(), 1_f64.to_bits());
        assert!((after(300, 3 * TASK) - 3.0).abs() < 0.1, "{}", after(300, 3 * TASK));
        assert!((after(30, 3 * TASK) - 3.0).abs() < 0.6, "{}", after(30, 3 * TASK));
        assert!(after(1000, Duration::ZERO) >= FACTORS.0);
        assert!(after(1000, 1000 * TASK) <= FACTORS.1);
        assert_eq!(Correction::default().correct(TASK), TASK);
        assert_eq!(Correction::default().correct(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn one_task_that_hangs_changes_little() {
        let mut correction = Correction::default();
        for _ in 0..100 {
            correction.learn(TASK, TASK);
        }
        correction.learn(TASK, 1000 * TASK);
        assert!(correction.factor() < 1.2, "{}", correction.factor());
        correction.learn(Duration::ZERO, TASK);
        assert!(correction.factor().is_finite());
    }
}
