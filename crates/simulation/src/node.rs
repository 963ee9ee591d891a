//! A node: its caches in memory, its operations in flight, and its render threads.

use std::collections::{HashMap, VecDeque};

use futures_util::FutureExt;
use result_cache::{Key, MemoryStore, Store};

use crate::{Catalogue, Cluster};

/// One node.
#[derive(Debug)]
pub struct Node {
    results: MemoryStore,
    originals: MemoryStore,
    /// The operation that builds or looks for a variant.
    pub operations: HashMap<u32, u32>,
    /// Operations that wait for an original.
    pub fetching: HashMap<u32, Vec<u32>>,
    /// Operations that wait for a render thread.
    pub queue: VecDeque<u32>,
    /// Render threads at work.
    pub busy: u32,
    /// Requests.
    pub requests: u64,
}

impl Node {
    /// A node with empty caches.
    pub fn new(cluster: &Cluster) -> Self {
        let store = |bytes| MemoryStore::new(bytes, cluster.max_entry_bytes);
        Self {
            results: store(cluster.results_bytes),
            originals: store(cluster.originals_bytes),
            operations: HashMap::new(),
            fetching: HashMap::new(),
            queue: VecDeque::new(),
            busy: 0,
            requests: 0,
        }
    }

    /// Whether the variant is in memory; it is used by that.
    pub fn has_result(&self, key: &Key) -> bool {
        is_in(&self.results, key)
    }

    /// Puts a variant into memory.
    pub fn keep_result(&self, catalogue: &Catalogue, key: Key, variant: u32) {
        self.results
            .put(key, catalogue.result(variant))
            .now_or_never()
            .expect("invariant: memory never waits");
    }

    /// Whether the original is in memory; it is used by that.
    pub fn has_original(&self, key: &Key) -> bool {
        is_in(&self.originals, key)
    }

    /// Puts an original into memory.
    pub fn keep_original(&self, catalogue: &Catalogue, key: Key) {
        self.originals.put(key, catalogue.original()).now_or_never().expect("invariant: memory never waits");
    }
}

fn is_in(store: &MemoryStore, key: &Key) -> bool {
    store.get(key).now_or_never().expect("invariant: memory never waits").is_some()
}
