//! When Redis was heard last, by whomever: tells a slow answer from a server that is silent.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// The time of the last answer.
#[derive(Debug)]
pub(super) struct Hearing {
    began: Instant,
    /// Microseconds after that.
    last: AtomicU64,
}

impl Default for Hearing {
    fn default() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Hearing {
    /// There is an answer.
    pub(super) fn heard(&self) {
        let since = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        // answers may come here in another order than they came in
        self.last.fetch_max(since, Relaxed);
    }

    /// Whether there was an answer so short a time before `now`.
    pub(super) fn within(&self, time: Duration, now: Instant) -> bool {
        let last = self.began + Duration::from_micros(self.last.load(Relaxed));
        now.saturating_duration_since(last) < time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_heard_is_known_for_as_long_as_asked() {
        let hearing = Hearing::default();
        let time = Duration::from_millis(25);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!hearing.within(time, Instant::now()), "nothing was heard");
        hearing.heard();
        assert!(hearing.within(time, Instant::now() + Duration::from_millis(24)));
        assert!(!hearing.within(time, Instant::now() + time));
    }
}
