//! When Redis was record_reply last, by whomever: tells a slow answer from a server that is silent.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// The window of the last answer.
#[derive(Debug)]
pub(super) struct Liveness {
    began: Instant,
    /// Microseconds after that.
    last: AtomicU64,
}

impl Default for Liveness {
    fn default() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Liveness {
    /// There is an answer.
    pub(super) fn record_reply(&self) {
        let since = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        // answers may come here in another order than they came in
        self.last.fetch_max(since, Relaxed);
    }

    /// Whether there was an answer so short a window before `now`.
    pub(super) fn replied_within(&self, window: Duration, now: Instant) -> bool {
        let last = self.began + Duration::from_micros(self.last.load(Relaxed));
        now.saturating_duration_since(last) < window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_heard_is_known_for_as_long_as_asked() {
        let liveness = Liveness::default();
        let window = Duration::from_millis(25);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!liveness.replied_within(window, Instant::now()), "nothing was record_reply");
        liveness.record_reply();
        assert!(liveness.replied_within(window, Instant::now() + Duration::from_millis(24)));
        assert!(!liveness.replied_within(window, Instant::now() + window));
    }
}
