//! The contract of a store, checked on every store.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use parking_lot::Mutex;
use result_cache::{CacheEntry, DiskStore, Error, Key, MemoryStore, Store, Tier};

use crate::fixture::{disk, entry, key};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory() {
    contract(&MemoryStore::new(64 << 20, 2 << 20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_five_methods() {
    contract(&Map::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk_with_queued_entries() {
    let dir = tempfile::tempdir().unwrap();
    contract(&DiskStore::open(disk(dir.path())).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk_with_written_entries() {
    let dir = tempfile::tempdir().unwrap();
    contract(&Written(DiskStore::open(disk(dir.path())).await.unwrap())).await;
}

/// The least that a new store has to implement.
#[derive(Debug, Default)]
struct Map(Mutex<HashMap<Key, Arc<CacheEntry>>>);

#[async_trait]
impl Store for Map {
    fn tier(&self) -> Tier {
        Tier::Memory
    }

    async fn get(&self, key: &Key) -> Option<Arc<CacheEntry>> {
        self.0.lock().get(key).cloned()
    }

    async fn put(&self, key: Key, entry: Arc<CacheEntry>) {
        self.0.lock().insert(key, entry);
    }

    async fn remove(&self, key: &Key) -> Result<(), Error> {
        self.0.lock().remove(key);
        Ok(())
    }

    async fn clear(&self) -> Result<(), Error> {
        self.0.lock().clear();
        Ok(())
    }
}

/// A disk store that writes each entry before the next step, so that reads come from the disk.
#[derive(Debug)]
struct Written(DiskStore);

#[async_trait]
impl Store for Written {
    fn tier(&self) -> Tier {
        self.0.tier()
    }

    async fn get(&self, key: &Key) -> Option<Arc<CacheEntry>> {
        self.0.get(key).await
    }

    async fn put(&self, key: Key, entry: Arc<CacheEntry>) {
        self.0.put(key, entry).await;
        self.0.flush().await;
    }

    async fn remove(&self, key: &Key) -> Result<(), Error> {
        self.0.remove(key).await
    }

    async fn clear(&self) -> Result<(), Error> {
        self.0.clear().await
    }
}

pub async fn contract(store: &dyn Store) {
    an_unknown_key_is_a_miss(store).await;
    a_put_entry_is_found_unchanged(store).await;
    the_last_put_wins(store).await;
    keys_do_not_mix(store).await;
    a_removed_entry_is_a_miss_until_it_is_put_again(store).await;
    removing_an_unknown_key_succeeds(store).await;
    concurrent_tasks_find_only_what_was_put(store).await;
    a_cleared_store_is_empty_and_usable(store).await;
}

async fn an_unknown_key_is_a_miss(store: &dyn Store) {
    assert_eq!(store.get(&key(0)).await, None);
}

async fn a_put_entry_is_found_unchanged(store: &dyn Store) {
    for (n, len) in [(10, 0), (11, 1), (12, 4096), (13, 100_000), (14, 1 << 20)] {
        store.put(key(n), entry(n, len)).await;
        assert_eq!(store.get(&key(n)).await, Some(entry(n, len)), "{len} bytes");
        assert_eq!(store.get(&key(n)).await, Some(entry(n, len)), "{len} bytes, once more");
    }
}

async fn the_last_put_wins(store: &dyn Store) {
    for n in 20..25 {
        store.put(key(20), entry(n, 1000)).await;
    }
    loop {
        if let Some(found) = store.get(&key(20)).await {
            assert_eq!(found, entry(24, 1000));
            break;
        }
        // one of several puts in a row may take a moment to be found
        tokio::task::yield_now().await;
    }
}

async fn keys_do_not_mix(store: &dyn Store) {
    for n in 100..300 {
        store.put(key(n), entry(n, 500)).await;
    }
    for n in 100..300 {
        assert_eq!(store.get(&key(n)).await, Some(entry(n, 500)));
    }
}

async fn a_removed_entry_is_a_miss_until_it_is_put_again(store: &dyn Store) {
    for round in 0..3 {
        store.put(key(30), entry(round, 1000)).await;
        store.put(key(31), entry(31, 1000)).await;
        store.remove(&key(30)).await.unwrap();
        assert_eq!(store.get(&key(30)).await, None);
        assert_eq!(store.get(&key(31)).await, Some(entry(31, 1000)), "a removal removes nothing else");
    }
    store.put(key(30), entry(30, 1000)).await;
    assert_eq!(store.get(&key(30)).await, Some(entry(30, 1000)));
}

async fn removing_an_unknown_key_succeeds(store: &dyn Store) {
    store.remove(&key(40)).await.unwrap();
    assert_eq!(store.get(&key(40)).await, None);
}

async fn concurrent_tasks_find_only_what_was_put(store: &dyn Store) {
    let work = (0..200_u64).map(|n| async move {
        let slot = 1000 + n % 10;
        store.put(key(slot), entry(slot, 2000)).await;
        if n % 7 == 0 {
            store.remove(&key(slot)).await.unwrap();
        }
        store.get(&key(slot)).await.is_none_or(|found| found == entry(slot, 2000))
    });
    assert!(join_all(work).await.into_iter().all(|right| right));
}

async fn a_cleared_store_is_empty_and_usable(store: &dyn Store) {
    for round in 0..2 {
        for n in 50..60 {
            store.put(key(n), entry(n + round, 1000)).await;
        }
        store.clear().await.unwrap();
        for n in 50..60 {
            assert_eq!(store.get(&key(n)).await, None);
        }
    }
    store.put(key(50), entry(50, 1000)).await;
    assert_eq!(store.get(&key(50)).await, Some(entry(50, 1000)));
}
