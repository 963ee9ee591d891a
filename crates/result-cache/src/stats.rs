//! Counters and gauges of the cache.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Tier;

/// Counters and gauges of one cache.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// The tiers that are in use, nearest first.
    pub tiers: Vec<(Tier, TierStats)>,
    /// Entries that were not stored because they were larger than `cache.max_entry_bytes`.
    pub oversize: u64,
}

impl Stats {
    /// The counters of this tier; `None` if it is not in use.
    pub fn tier(&self, tier: Tier) -> Option<TierStats> {
        self.tiers.iter().find(|(name, _)| *name == tier).map(|(_, stats)| *stats)
    }
}

/// Counters and gauges of one tier. Counters start at zero when the cache is opened and only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TierStats {
    /// Lookups that found a usable entry.
    pub hits: u64,
    /// Lookups that found none; an expired or purged entry is none.
    pub misses: u64,
    /// Entries that were put, including those promoted from a slower tier.
    pub puts: u64,
    /// Entries that were evicted or cleared. Always zero on disk, where whole blocks are freed.
    pub evictions: u64,
    /// Reads that failed or timed out, each of them a miss as well, and failed checks of writing.
    pub failures: u64,
    /// Redis: entries that were not written, because too many bytes were queued or Redis did not take them.
    pub dropped: u64,
    /// Redis: entries that were damaged or written for another key, each of them a miss as well.
    pub corrupt: u64,
    /// Memory: bytes held now. Disk: bytes written since the cache was opened. Redis: bytes queued to be written.
    pub bytes: u64,
    /// Capacity in bytes; of Redis, the capacity of the write queue.
    pub capacity: u64,
}

/// What this node has shared with other nodes. Counters start at zero and only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CoordinatorStats {
    /// Purges that were requested on this node.
    pub purges_made: u64,
    /// Whether entries in Redis are used now.
    pub is_connected: bool,
    /// Purges read from the shared log, including those of this node.
    pub purges_received: u64,
    /// Leases that were granted to this node: it did the work for all.
    pub leases_granted: u64,
    /// Leases that another node held: this node waited for it.
    pub leases_refused: u64,
    /// Leases granted after waiting in vain for another node.
    pub leases_taken_over: u64,
}

/// A counter that many threads increment.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Relaxed);
    }

    pub(crate) fn read(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
