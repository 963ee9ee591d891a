//! What waits to be exported: its bound, and the count of what was lost.
//!
//! The batch processors of the SDK have a bounded queue too, but count silently. This bound is the same, and is reached
//! first: an item leaves that queue before it leaves this count.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::telemetry::export_losses::Signal;

/// The items of one signal that wait.
#[derive(Debug)]
pub struct Backlog {
    signal: Signal,
    limit: usize,
    waiting: AtomicUsize,
}

impl Backlog {
    /// None yet, and at most `limit`.
    pub fn new(signal: Signal, limit: usize) -> Self {
        Self { signal, limit, waiting: AtomicUsize::new(0) }
    }

    /// Whether one more may wait. If not, it is counted as lost.
    pub fn try_add(&self) -> bool {
        let one_more = |waiting| (waiting < self.limit).then_some(waiting + 1);
        let is_added = self.waiting.fetch_update(Relaxed, Relaxed, one_more).is_ok();
        if !is_added {
            self.signal.add_lost(1);
        }
        is_added
    }

    /// That many wait no longer, since they are being exported.
    pub fn remove(&self, count: usize) {
        let fewer = |waiting: usize| Some(waiting.saturating_sub(count));
        // it always gives a value
        let _ = self.waiting.fetch_update(Relaxed, Relaxed, fewer);
    }

    /// Counts a batch that could not be exported.
    pub fn add_lost(&self, count: usize) {
        self.signal.add_lost(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_lost() {
        let backlog = Backlog::new(Signal::Traces, 2);
        let before = Signal::Traces.lost();
        assert_eq!([(); 4].map(|()| backlog.try_add()), [true, true, false, false]);
        backlog.remove(1);
        assert!(backlog.try_add() && !backlog.try_add());
        backlog.add_lost(5);
        assert!(Signal::Traces.lost() >= before + 8, "tests of other exports may count too");
        backlog.remove(9);
        assert!(backlog.try_add());
    }
}
