//! What the cache has done so far, in numbers.

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

/// Counters and gauges of one tier. Counters begin at zero when the cache is opened and only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TierStats {
    /// Lookups answered with a usable entry.
    pub hits: u64,
    /// Lookups not answered, those that found an expired entry included.
    pub misses: u64,
    /// Envelopes handed in, those copied from a slower tier included.
    pub puts: u64,
    /// Envelopes that had to make room, or were cleared. Always zero on disk, where whole blocks are freed.
    pub evictions: u64,
    /// Reads that failed or took too long, each counted as a miss as well, and times when writing failed.
    pub failures: u64,
    /// Redis: envelopes that were not written, since too much waited or Redis did not take them.
    pub dropped: u64,
    /// Redis: entries that were damaged or written for another key, each counted as a miss as well.
    pub corrupt: u64,
    /// Redis: bytes that wait to be written. Memory: bytes held now. Disk: bytes written since the cache was opened.
    pub bytes: u64,
    /// Room in bytes; in Redis, room for what waits.
    pub capacity: u64,
}

/// What a node has had to do with others. Counters begin at zero and only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CoordinatorStats {
    /// PurgeLog that this node was asked for.
    pub purges_made: u64,
    /// Whether Redis is in use now.
    pub is_connected: bool,
    /// PurgeLog read from the log that nodes share, those of this node included.
    pub purges_received: u64,
    /// Leases that this node was given: it made the thing for all.
    pub leases_granted: u64,
    /// Leases that another node had: this one waited for it.
    pub leases_refused: u64,
    /// Leases given after waiting for another node in vain.
    pub leases_taken_over: u64,
}

/// A number that many threads count up.
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
