//! The time of the last reply of Redis: it distinguishes a slow reply from a server that is unresponsive.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// The time of the last reply.
#[derive(Debug)]
pub(super) struct Liveness {
    began: Instant,
    /// Microseconds after `began`.
    last: AtomicU64,
}

impl Default for Liveness {
    fn default() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Liveness {
    /// Records a reply now.
    pub(super) fn record_reply(&self) {
        let since = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        // replies may be recorded in another order than they were received
        self.last.fetch_max(since, Relaxed);
    }

    /// Whether there was a reply within this time before `now`.
    pub(super) fn replied_within(&self, window: Duration, now: Instant) -> bool {
        let last = self.began + Duration::from_micros(self.last.load(Relaxed));
        now.saturating_duration_since(last) < window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_reply_counts_within_the_window() {
        let liveness = Liveness::default();
        let window = Duration::from_millis(25);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!liveness.replied_within(window, Instant::now()), "nothing was record_reply");
        liveness.record_reply();
        assert!(liveness.replied_within(window, Instant::now() + Duration::from_millis(24)));
        assert!(!liveness.replied_within(window, Instant::now() + window));
    }
}
