//! Counts what the cache asks of a store.

use std::sync::Arc;
use std::task::Poll;

use crate::stats::Counter;
use crate::{CacheEntry, Key, Store, Tier, TierStats};

/// The name of the span of a look-up.
fn span_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Memory => "cache.memory",
        Tier::Disk => "cache.disk",
        Tier::Redis => "cache.redis",
    }
}

/// A store with the counters of its tier.
#[derive(Debug)]
pub(crate) struct Metered {
    store: Box<dyn Store>,
    hits: Counter,
    misses: Counter,
    puts: Counter,
}

impl Metered {
    pub(crate) fn new(store: Box<dyn Store>) -> Self {
        Self { store, hits: Counter::default(), misses: Counter::default(), puts: Counter::default() }
    }

    /// The store, for what is not counted.
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The entry under the key. One that is not usable counts as a miss.
    pub(crate) async fn lookup(
        &self,
        key: &Key,
        is_usable: impl Fn(&CacheEntry) -> bool,
    ) -> Option<Arc<CacheEntry>> {
        let span = request_trace::current().map(|trace| trace.start(span_name(self.store.tier())));
        let found = match self.store.entry_at_once(key) {
            Poll::Ready(found) => found,
            Poll::Pending => self.store.get(key).await,
        };
        let found = found.filter(|entry| is_usable(entry));
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.add_one();
        if let Some(mut span) = span {
            span.set("pixmill.outcome", if found.is_some() { "hit" } else { "miss" });
        }
        found
    }

    /// Stores the entry.
    pub(crate) async fn put(&self, key: Key, entry: Arc<CacheEntry>) {
        self.puts.add_one();
        self.store.put(key, entry).await;
    }

    /// These counters, with what the store itself counts.
    pub(crate) fn stats(&self) -> TierStats {
        TierStats {
            hits: self.hits.read(),
            misses: self.misses.read(),
            puts: self.puts.read(),
            ..self.store.stats()
        }
    }
}
