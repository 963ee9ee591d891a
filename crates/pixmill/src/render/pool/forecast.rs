//! Amounts of work, and the time until a resource has done them.

use std::{
    ops::{AddAssign, SubAssign},
    time::Duration,
};

use crate::render::Cost;

/// Waiting work: time on a thread, and memory over that time. Sums are exact integers, so that subtracting leaves no rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Predicted time on one thread, uncorrected.
    pub cpu: Duration,
    /// Predicted bytes times nanoseconds.
    pub byte_nanos: u128,
}

impl From<Cost> for Work {
    fn from(cost: Cost) -> Self {
        Self { cpu: cost.cpu, byte_nanos: u128::from(cost.bytes).saturating_mul(cost.cpu.as_nanos()) }
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.cpu = self.cpu.saturating_add(other.cpu);
        self.byte_nanos = self.byte_nanos.saturating_add(other.byte_nanos);
    }
}

impl SubAssign for Work {
    fn sub_assign(&mut self, other: Self) {
        self.cpu = self.cpu.saturating_sub(other.cpu);
        self.byte_nanos = self.byte_nanos.saturating_sub(other.byte_nanos);
    }
}

/// A part of a resource in use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken {
    /// How many units.
    pub units: f64,
    /// For how many more seconds.
    pub seconds: f64,
}

/// The number of seconds after which a resource of `capacity` units has completed `work` unit-seconds with its free units, and
/// has
/// `needed` units free for the next task.
pub fn done_after(taken: &mut [Taken], capacity: f64, work: f64, needed: f64) -> f64 {
    taken.sort_unstable_by(|one, other| one.seconds.total_cmp(&other.seconds));
    let mut free = capacity - taken.iter().map(|part| part.units).sum::<f64>();
    let (mut now, mut left) = (0.0, work);
    for Taken { units, seconds } in taken {
        let possible = free.max(0.0) * (*seconds - now);
        if free >= needed && possible >= left {
            return now + left / free.max(1.0);
        }
        left = (left - possible).max(0.0);
        now = *seconds;
        free += *units;
    }
    now + left / free.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(capacity: f64, taken: &[(f64, f64)], work: f64) -> u64 {
        let mut taken: Vec<_> =
            taken.iter().map(|(units, seconds)| Taken { units: *units, seconds: *seconds }).collect();
        (done_after(&mut taken, capacity, work, 1.0) * 1000.0).round() as u64
    }

    #[test]
    fn work_fills_what_is_free_first() {
        for (taken, work, expected) in [
            (&[][..], 0.0, 0),
            (&[], 4.0, 2000),
            (&[(1.0, 3.0)], 0.0, 0),
            (&[(1.0, 3.0)], 2.0, 2000),
            (&[(1.0, 3.0)], 5.0, 4000),
            (&[(1.0, 3.0), (1.0, 1.0)], 0.0, 1000),
            (&[(1.0, 3.0), (1.0, 1.0)], 2.0, 3000),
            (&[(1.0, 3.0), (1.0, 1.0)], 4.0, 4000),
        ] {
            assert_eq!(after(2.0, taken, work), expected, "{taken:?} {work}");
        }
    }

    #[test]
    fn the_next_one_waits_until_it_fits() {
        let mut taken = [Taken { units: 900.0, seconds: 4.0 }, Taken { units: 50.0, seconds: 1.0 }];
        for (needed, expected) in [(50.0, 0), (51.0, 1), (100.0, 1), (101.0, 4), (1000.0, 4)] {
            assert_eq!(done_after(&mut taken, 1000.0, 0.0, needed) as u64, expected, "{needed}");
        }
    }

    #[test]
    fn more_may_be_taken_than_there_is() {
        assert_eq!(after(1.0, &[(1.0, 1.0), (1.0, 2.0)], 0.0), 2000);
        assert_eq!(after(0.0, &[], 1.0), 1000, "nothing is divided by zero");
    }

    #[test]
    fn sums_of_work_are_exact() {
        let cost = |milliseconds, bytes| Work::from(Cost { cpu: Duration::from_millis(milliseconds), bytes });
        let mut sum = Work::default();
        for n in 0..1000 {
            sum += cost(n, 1 << 40);
        }
        for n in 0..1000 {
            sum -= cost(n, 1 << 40);
        }
        assert_eq!(sum, Work::default());
    }
}
