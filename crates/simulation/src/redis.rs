//! The Redis Cluster: entries with an eviction of the least recently used, leases, and the commands of each shard.

use std::collections::{BTreeMap, HashMap};

use crate::random::hash;

/// Bytes of an entry besides its body: the key, headers, and the records of Redis.
const ENTRY_BYTES: u64 = 600;

/// Entries, leases and load.
#[derive(Debug)]
pub struct Redis {
    max_bytes: u64,
    bytes: u64,
    clock: u64,
    entries: HashMap<u32, Stored>,
    by_use: BTreeMap<u64, u32>,
    /// Operations that wait for the lease of a variant; present while one holds it.
    pub leases: HashMap<u32, Vec<(u32, u64)>>,
    /// Commands of each shard.
    pub commands: Vec<u64>,
}

#[derive(Debug)]
struct Stored {
    bytes: u64,
    used: u64,
}

impl Redis {
    /// An empty cluster.
    pub fn new(max_bytes: u64, shards: u32) -> Self {
        Self {
            max_bytes,
            bytes: 0,
            clock: 0,
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
            leases: HashMap::new(),
            commands: vec![0; shards.max(1) as usize],
        }
    }

    /// Counts a command on the entry of a variant.
    pub fn count_entry(&mut self, variant: u32) {
        self.count(hash(variant.into()));
    }

    /// Counts a command on the lease of a variant, which is another key.
    pub fn count_lease(&mut self, variant: u32) {
        self.count(hash(!u64::from(variant)));
    }

    /// Counts a command on an original.
    pub fn count_original(&mut self, original: u32) {
        self.count(hash(u64::from(original) << 32));
    }

    fn count(&mut self, slot: u64) {
        let shard = (slot % self.commands.len() as u64) as usize;
        self.commands[shard] += 1;
    }

    /// Whether there is an entry; it is used by that.
    pub fn has(&mut self, variant: u32) -> bool {
        self.clock += 1;
        let Some(entry) = self.entries.get_mut(&variant) else { return false };
        self.by_use.remove(&entry.used);
        entry.used = self.clock;
        self.by_use.insert(self.clock, variant);
        true
    }

    /// Stores an entry, and evicts others.
    pub fn store(&mut self, variant: u32, body: u64) {
        if self.has(variant) {
            return;
        }
        let bytes = body + ENTRY_BYTES;
        self.bytes += bytes;
        self.entries.insert(variant, Stored { bytes, used: self.clock });
        self.by_use.insert(self.clock, variant);
        while self.bytes > self.max_bytes
            && let Some((_, evicted)) = self.by_use.pop_first()
        {
            self.bytes -= self.entries.remove(&evicted).map_or(0, |entry| entry.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_entry_is_evicted() {
        let mut redis = Redis::new(3 * (100 + ENTRY_BYTES), 1);
        for variant in 1..=3 {
            redis.store(variant, 100);
        }
        assert!(redis.has(1));
        redis.store(4, 100);
        assert_eq!([1, 2, 3, 4].map(|variant| redis.has(variant)), [true, false, true, true]);
    }
}
