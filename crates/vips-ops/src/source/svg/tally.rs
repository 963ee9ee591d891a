//! The work that is counted, its limit, and why counting stops.

use super::weights::WorkKind;

/// The estimated work of a document. Counting stops soon after the limit is exceeded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Workload {
    /// Total work, in units of about a nanosecond.
    pub(super) work: u64,
    /// The kind of work that contributes most.
    pub(super) most: WorkKind,
    /// Pixels of the surfaces that are held at once.
    pub(super) held: u64,
}

/// Why the traversal stopped early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The limit is exceeded.
    OverLimit,
    /// There is content that cannot be analysed.
    Unsupported,
    /// The document is not XML.
    Unreadable,
}

/// The work counted so far.
#[derive(Debug)]
pub struct Tally {
    pub(super) work: [f64; WorkKind::COUNT],
    pub(super) total: f64,
    pub(super) limit: f64,
    pub(super) held: f64,
    pub(super) peak: f64,
}

impl Tally {
    pub fn new(limit: u64) -> Self {
        Self { work: [0.0; WorkKind::COUNT], total: 0.0, limit: limit as f64, held: 0.0, peak: 0.0 }
    }

    pub(super) fn charge(&mut self, kind: WorkKind, work: f64) -> Result<(), Stop> {
        // NaN results from numbers out of range
        let work = if work.is_finite() { work.max(0.0) } else { f64::MAX / 4.0 };
        self.work[kind as usize] += work;
        self.total += work;
        if self.total > self.limit { Err(Stop::OverLimit) } else { Ok(()) }
    }

    /// Adds pixels of surfaces that are held from now on; negative when they are released.
    pub(super) fn hold(&mut self, pixels: f64) {
        self.held += pixels;
        self.peak = self.peak.max(self.held);
    }

    pub fn workload(&self) -> Workload {
        let dearest = |one: &WorkKind, other: &WorkKind| {
            self.work[*one as usize].total_cmp(&self.work[*other as usize])
        };
        let most = WorkKind::ALL.into_iter().max_by(dearest).unwrap_or(WorkKind::Elements);
        Workload { work: self.total.ceil() as u64, most, held: self.peak.ceil() as u64 }
    }
}
