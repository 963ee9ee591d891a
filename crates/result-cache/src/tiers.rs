//! The stores of a cache in a row, nearest first.

use std::sync::Arc;

use crate::metered::Metered;
use crate::promotion_guard::PromotionGuard;
use crate::{CacheEntry, Error, Key, Store, Tier, TierStats};

/// Reads from the nearest store that has an entry and copies it into the nearer ones; writes to all of them.
///
/// Writes go from the farthest store to the nearest. The [guard](PromotionGuard) counts each change after the farther stores
/// have it and before this one has it, so that a promotion which has read an old entry meanwhile takes it back.
#[derive(Debug)]
pub(crate) struct Tiers {
    stores: Vec<Metered>,
    guard: PromotionGuard,
}

impl Tiers {
    /// These stores, nearest first.
    pub(crate) fn new(stores: Vec<Box<dyn Store>>) -> Self {
        Self { stores: stores.into_iter().map(Metered::new).collect(), guard: PromotionGuard::default() }
    }

    /// The entry from the nearest store that has a usable one, and its tier.
    pub(crate) async fn get(
        &self,
        key: &Key,
        is_usable: impl Fn(&CacheEntry) -> bool,
    ) -> Option<(Arc<CacheEntry>, Tier)> {
        let version = self.guard.version(key);
        for (index, metered) in self.stores.iter().enumerate() {
            if let Some(entry) = metered.lookup(key, &is_usable).await {
                self.promote(*key, &entry, version, index).await;
                return Some((entry, metered.store().tier()));
            }
        }
        None
    }

    /// The entry from the store that nodes share, which is copied into the nearer ones.
    pub(crate) async fn shared_entry(
        &self,
        key: &Key,
        is_usable: impl Fn(&CacheEntry) -> bool,
    ) -> Option<Arc<CacheEntry>> {
        let version = self.guard.version(key);
        let index = self.stores.iter().position(|metered| metered.store().tier() == Tier::Redis)?;
        let entry = self.stores[index].lookup(key, &is_usable).await?;
        self.promote(*key, &entry, version, index).await;
        Some(entry)
    }

    /// Removes the key from the stores of this node, not from the one that nodes share.
    pub(crate) async fn forget_copies(&self, key: &Key) {
        let own = self.stores.iter().filter(|metered| metered.store().tier() != Tier::Redis);
        for metered in own.rev() {
            self.guard.invalidate(key);
            if let Err(error) = metered.store().remove(key).await {
                tracing::warn!(%error, %key, "cannot remove the copy of an entry that another node replaced");
            }
        }
    }

    /// Puts the entry into each store that accepts all entries.
    pub(crate) async fn put(&self, key: Key, entry: &Arc<CacheEntry>) {
        for metered in self.stores.iter().rev().filter(|metered| metered.store().accepts_puts()) {
            self.guard.invalidate(&key);
            metered.put(key, Arc::clone(entry)).await;
        }
    }

    /// Shares the entry with other nodes, by each store that can.
    pub(crate) async fn share(&self, key: Key, entry: &Arc<CacheEntry>) {
        for store in self.stores() {
            store.share(key, Arc::clone(entry)).await;
        }
    }

    /// Removes the key from each store, and gives the first error.
    pub(crate) async fn remove(&self, key: &Key) -> Result<(), Error> {
        let mut result = Ok(());
        for metered in self.stores.iter().rev() {
            self.guard.invalidate(key);
            result = result.and(metered.store().remove(key).await);
        }
        result
    }

    /// Removes all keys from each store, and gives the first error.
    pub(crate) async fn clear(&self) -> Result<(), Error> {
        let mut result = Ok(());
        for metered in self.stores.iter().rev() {
            self.guard.invalidate_all();
            result = result.and(metered.store().clear().await);
        }
        result
    }

    /// The stores, nearest first.
    pub(crate) fn stores(&self) -> impl Iterator<Item = &dyn Store> {
        self.stores.iter().map(Metered::store)
    }

    /// What each tier has done so far.
    pub(crate) fn stats(&self) -> Vec<(Tier, TierStats)> {
        self.stores.iter().map(|metered| (metered.store().tier(), metered.stats())).collect()
    }

    /// Copies an entry into the stores nearer than the one at `index`, unless its key changed since `version` was read.
    async fn promote(&self, key: Key, entry: &Arc<CacheEntry>, version: u64, index: usize) {
        for metered in self.stores[..index].iter().rev() {
            metered.put(key, Arc::clone(entry)).await;
            if self.guard.version(&key) != version
                && let Err(error) = metered.store().remove(&key).await
            {
                tracing::warn!(%error, %key, "cannot remove an outdated entry after promoting it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EntryMeta, MemoryStore};
    use bytes::Bytes;

    fn entry(body: &'static str) -> Arc<CacheEntry> {
        Arc::new(CacheEntry { meta: EntryMeta::default(), body: Bytes::from_static(body.as_bytes()) })
    }

    fn tiers() -> Tiers {
        let store = || Box::new(MemoryStore::new(1 << 20, 1 << 16));
        Tiers::new(vec![store(), store()])
    }

    async fn body(tiers: &Tiers, index: usize, key: &Key) -> Option<Bytes> {
        tiers.stores[index].store().get(key).await.map(|entry| entry.body.clone())
    }

    #[tokio::test]
    async fn an_entry_that_changed_during_a_promotion_is_not_brought_back() {
        let tiers = tiers();
        let key = Key::from_parts(&[b"a"]);

        let version = tiers.guard.version(&key);
        tiers.promote(key, &entry("old"), version, 1).await;
        assert_eq!(body(&tiers, 0, &key).await.as_deref(), Some(&b"old"[..]), "nothing changed");

        let version = tiers.guard.version(&key);
        tiers.remove(&key).await.unwrap();
        tiers.promote(key, &entry("old"), version, 1).await;
        assert_eq!(body(&tiers, 0, &key).await, None, "it was removed meanwhile");

        let version = tiers.guard.version(&key);
        tiers.clear().await.unwrap();
        tiers.promote(key, &entry("old"), version, 1).await;
        assert_eq!(body(&tiers, 0, &key).await, None, "all was cleared meanwhile");

        let version = tiers.guard.version(&key);
        tiers.put(key, &entry("new")).await;
        tiers.promote(key, &entry("old"), version, 1).await;
        assert_ne!(body(&tiers, 0, &key).await.as_deref(), Some(&b"old"[..]), "it was replaced meanwhile");
    }

    #[tokio::test]
    async fn a_hit_is_counted_and_copied_into_the_nearer_stores() {
        let tiers = tiers();
        let key = Key::from_parts(&[b"a"]);
        tiers.stores[1].store().put(key, entry("a")).await;
        assert!(tiers.get(&key, |_| false).await.is_none());
        assert_eq!(body(&tiers, 0, &key).await, None, "an unusable entry is not promoted");
        assert!(tiers.get(&key, |_| true).await.is_some());
        assert!(body(&tiers, 0, &key).await.is_some());
        let counts = tiers.stats().into_iter().map(|(_, stats)| (stats.hits, stats.misses, stats.puts));
        assert_eq!(counts.collect::<Vec<_>>(), [(0, 2, 1), (1, 1, 0)]);
    }
}
