//! How many connections a listener may have open, and a count of those it has.
//!
//! Up to the cap all are alike. Beyond it there is a small reserve, whose connections live for a moment and get an answer
//! to `/health` and `/ready` only, so that a server full of clients is not taken for a dead one. Beyond the reserve
//! nothing is accepted.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Connections beyond the cap. Each lives for two seconds at most (`RESERVE_LIFE` in `connection.rs`), so this many make
/// room for 32 probes a second even where all others of the reserve stay silent.
const RESERVE: usize = 64;

/// The cap of a listener, and how much of it is used. Clones share the count.
#[derive(Debug, Clone)]
pub struct Capacity {
    open: Arc<AtomicUsize>,
    cap: usize,
}

/// The place of one connection, which is free again when this is dropped.
#[derive(Debug)]
pub struct ConnectionSlot {
    open: Arc<AtomicUsize>,
    is_reserve: bool,
}

impl Capacity {
    /// Room for so many connections, and the reserve. `open` is where they are counted.
    pub fn new(cap: usize, open: Arc<AtomicUsize>) -> Self {
        Self { open, cap }
    }

    /// The most connections that each of so many workers may have: what is beyond is not accepted.
    pub fn each(&self, workers: usize) -> usize {
        self.cap.saturating_add(RESERVE).div_ceil(workers.max(1))
    }

    /// Counts a connection. The listener does not accept more than there is room for.
    pub fn enter(&self) -> ConnectionSlot {
        let before = self.open.fetch_add(1, Relaxed);
        ConnectionSlot { open: Arc::clone(&self.open), is_reserve: before >= self.cap }
    }

    /// Whether connections should not be kept for a next request: more than three quarters of the cap are used.
    pub fn is_scarce(&self) -> bool {
        self.open.load(Relaxed) > self.cap - self.cap / 4
    }
}

impl ConnectionSlot {
    /// Whether the connection is beyond the cap.
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
    fn the_reserve_begins_at_the_cap() {
        let capacity = Capacity::new(4, Arc::default());
        let seats: Vec<_> = (0..3).map(|_| capacity.enter()).collect();
        assert!(!capacity.is_scarce());
        let last = capacity.enter();
        assert!(capacity.is_scarce() && !last.is_reserve());
        let beyond = capacity.enter();
        assert!(beyond.is_reserve() && seats.iter().all(|slot| !slot.is_reserve()));
        drop((last, beyond));
        assert_eq!(capacity.open.load(Relaxed), 3);
        assert!(!capacity.enter().is_reserve());
    }

    #[test]
    fn workers_share_the_room() {
        for (cap, workers, each) in
            [(1, 1, 1 + RESERVE), (1000, 2, 532), (1000, 3, 355), (usize::MAX, 1, usize::MAX)]
        {
            assert_eq!(Capacity::new(cap, Arc::default()).each(workers), each, "{cap} {workers}");
        }
    }
}
