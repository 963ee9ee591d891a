//! Connection limit of a listener, and the count of its open connections.
//!
//! Above the limit, a small reserve of connections is accepted that get responses to `/health` and `/ready` only, for two
//! seconds: probes succeed although the server has as many clients as it may have. Above the reserve no connection is
//! accepted.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Connections accepted above the limit. Each is closed after two seconds (`RESERVE_LIFE` in `connection.rs`), so the reserve
/// allows 32 probes per second even if other connections in it send nothing.
const RESERVE: usize = 64;

/// The connection limit of a listener, with the count of open connections, which clones share.
#[derive(Debug, Clone)]
pub struct Capacity {
    open: Arc<AtomicUsize>,
    cap: usize,
}

/// One counted connection. Dropping it decrements the count.
#[derive(Debug)]
pub struct ConnectionSlot {
    open: Arc<AtomicUsize>,
    is_reserve: bool,
}

impl Capacity {
    /// A limit of `cap` connections, plus the reserve. `open` is the counter of open connections.
    pub fn new(cap: usize, open: Arc<AtomicUsize>) -> Self {
        Self { open, cap }
    }

    /// Maximum connections per worker, for this many workers. Further ones are not accepted.
    pub fn per_worker(&self, workers: usize) -> usize {
        self.cap.saturating_add(RESERVE).div_ceil(workers.max(1))
    }

    /// Counts a connection. The listener accepts no more than the limit and the reserve.
    pub fn enter(&self) -> ConnectionSlot {
        let before = self.open.fetch_add(1, Relaxed);
        ConnectionSlot { open: Arc::clone(&self.open), is_reserve: before >= self.cap }
    }

    /// Whether keep-alive should be off: more than three quarters of the limit are in use.
    pub fn is_scarce(&self) -> bool {
        self.open.load(Relaxed) > self.cap - self.cap / 4
    }
}

impl ConnectionSlot {
    /// Whether the connection is above the limit.
    pub fn is_reserve(&self) -> bool {
        self.is_reserve
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_above_the_limit_are_in_the_reserve() {
        let capacity = Capacity::new(4, Arc::default());
        let slots: Vec<_> = (0..3).map(|_| capacity.enter()).collect();
        assert!(!capacity.is_scarce());
        let last = capacity.enter();
        assert!(capacity.is_scarce() && !last.is_reserve());
        let beyond = capacity.enter();
        assert!(beyond.is_reserve() && slots.iter().all(|slot| !slot.is_reserve()));
        drop((last, beyond));
        assert_eq!(capacity.open.load(Relaxed), 3);
        assert!(!capacity.enter().is_reserve());
    }

    #[test]
    fn the_limit_is_divided_among_workers() {
        for (cap, workers, each) in
            [(1, 1, 1 + RESERVE), (1000, 2, 532), (1000, 3, 355), (usize::MAX, 1, usize::MAX)]
        {
            assert_eq!(Capacity::new(cap, Arc::default()).per_worker(workers), each, "{cap} {workers}");
        }
    }
}
