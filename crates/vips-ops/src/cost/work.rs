//! Amounts of work by kind, and the cost that follows from them.

use std::time::Duration;

use bytes::Bytes;

use super::{weights::NANOSECONDS, work_kind::WorkKind};
use crate::size::Size;

/// Memory of any job in bytes: threads' buffers, pieces of the operations.
const JOB: f64 = 7e6;

/// The cost of a render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// CPU time on one core of the machine on which [`weights`](super::weights) were measured.
    pub cpu: Duration,
    /// Peak memory in bytes, the original and the output included.
    pub bytes: u64,
}

/// The decode of an original, as a part of a render.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decode {
    /// JPEG: the divisor of shrink-on-load; otherwise 1.
    pub shrink: u8,
    /// The size of the decoded image.
    pub size: Size,
    /// Its part of the predicted time.
    pub cpu: Duration,
    /// The size of the decoded pixels in memory.
    pub bytes: u64,
}

/// Amounts of work by kind, and the memory held.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    pub(super) amounts: [f64; WorkKind::COUNT],
    pub(super) bytes: f64,
    /// The decode of the original, if its pixels can be shared with other renders of it.
    pub decode: Option<Decode>,
}

/// Upper bound of a predicted memory, in bytes: more than any render can need.
const MOST_BYTES: f64 = 1e15;

/// Upper bound of a predicted CPU time, in nanoseconds.
const MOST_NANOSECONDS: f64 = 1e15;

impl Work {
    /// The work of a request that is refused once its header is read.
    pub(super) fn least(original: &Bytes) -> Self {
        let mut work = Self { amounts: [0.0; WorkKind::COUNT], bytes: 0.0, decode: None };
        work.add(WorkKind::Request, 1.0);
        work.hold(JOB + original.len() as f64);
        work
    }

    pub(super) fn add(&mut self, term: WorkKind, amount: f64) {
        self.amounts[term as usize] += amount;
    }

    /// Multiplies what was added of some kinds of work since there were these amounts.
    pub(super) fn reweigh(&mut self, before: &[f64; WorkKind::COUNT], factors: &[(WorkKind, f64)]) {
        for (term, factor) in factors {
            let before = before[*term as usize];
            let amount = &mut self.amounts[*term as usize];
            *amount = before + (*amount - before) * factor;
        }
    }

    /// Adds memory that is assumed to be held until the end.
    pub(super) fn hold(&mut self, bytes: f64) {
        self.bytes += bytes;
    }

    /// The amount of a kind of work, in its unit.
    pub fn amount(&self, term: WorkKind) -> f64 {
        self.amounts[term as usize]
    }

    /// The predicted cost.
    pub fn cost(&self) -> Cost {
        let terms = NANOSECONDS.iter().map(|(term, weight)| weight * self.amount(*term));
        let nanoseconds = terms.sum::<f64>().clamp(0.0, MOST_NANOSECONDS);
        Cost {
            cpu: Duration::from_nanos(nanoseconds as u64),
            bytes: self.bytes.clamp(0.0, MOST_BYTES) as u64,
        }
    }
}

/// The size in megapixels.
pub(super) fn megapixels(size: Size) -> f64 {
    size.pixels() as f64 / 1e6
}
