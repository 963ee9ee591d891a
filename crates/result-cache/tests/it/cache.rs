//! The cache as a whole: its tiers in a row.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use result_cache::{Cache, CacheEntry, CacheName, Config, Coordinator, ErrorKind, Key, Lifetimes, Tier};

use crate::fixture::{FRESH, STORED, config, entry, key};

async fn open(config: &Config) -> Cache {
    Cache::open(config, CacheName::Results, &Coordinator::open(config).unwrap()).await.unwrap()
}

async fn found(cache: &Cache, key: &Key) -> Option<(Arc<CacheEntry>, Tier)> {
    cache.get(key, STORED).await.map(|hit| (hit.entry, hit.tier))
}

#[test]
fn a_cache_is_shared_by_all_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Cache>();
}

#[tokio::test]
async fn a_hit_in_memory_shares_the_allocation() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(&config(dir.path())).await;
    let put = entry(1, 10_000);
    cache.put(key(1), Arc::clone(&put)).await;
    let (got, tier) = found(&cache, &key(1)).await.unwrap();
    assert_eq!(tier, Tier::Memory);
    assert_eq!(got.body.as_ptr(), put.body.as_ptr());
    assert!(Arc::ptr_eq(&got, &put));
}

#[tokio::test]
async fn a_hit_on_disk_after_a_restart_is_promoted_to_memory() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(&config(dir.path())).await;
    cache.put(key(1), entry(1, 10_000)).await;
    cache.close().await;
    assert_eq!(found(&cache, &key(1)).await.unwrap().1, Tier::Memory, "memory answers after closing");

    let cache = open(&config(dir.path())).await;
    assert_eq!(found(&cache, &key(1)).await, Some((entry(1, 10_000), Tier::Disk)));
    assert_eq!(found(&cache, &key(1)).await, Some((entry(1, 10_000), Tier::Memory)));
    let stats = cache.stats();
    let (memory, disk) = (stats.tier(Tier::Memory).unwrap(), stats.tier(Tier::Disk).unwrap());
    assert_eq!((memory.hits, memory.misses, memory.puts), (1, 1, 1));
    assert_eq!((disk.hits, disk.misses, disk.puts), (1, 0, 0));
}

#[tokio::test]
async fn an_expired_entry_is_a_miss_in_every_tier() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(&config(dir.path())).await;
    cache.put(key(1), entry(1, 1000)).await;
    let end = STORED + u64::try_from(FRESH.as_millis()).unwrap();
    assert!(cache.get(&key(1), end - 1).await.is_some());
    assert!(cache.get(&key(1), end).await.is_none());
    cache.close().await;
    let cache = open(&config(dir.path())).await;
    assert!(cache.get(&key(1), end).await.is_none());
    assert_eq!(cache.stats().tier(Tier::Memory).unwrap().puts, 0, "an expired entry is not promoted");
    assert!(cache.get(&key(1), end - 1).await.is_some());
}

#[tokio::test]
async fn a_stale_entry_is_found_within_its_windows() {
    let cache = open(&Config::default()).await;
    let mut stale = CacheEntry::clone(&entry(1, 1000));
    stale.meta.lifetimes = Lifetimes { stale_if_error: Duration::from_secs(5), ..stale.meta.lifetimes };
    cache.put(key(1), Arc::new(stale)).await;
    assert!(cache.get(&key(1), STORED + 64_999).await.is_some());
    assert!(cache.get(&key(1), STORED + 65_000).await.is_none());
}

#[tokio::test]
async fn removing_and_clearing_reach_every_tier() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(&config(dir.path())).await;
    for n in 0..4 {
        cache.put(key(n), entry(n, 1000)).await;
    }
    cache.remove(&key(0)).await.unwrap();
    assert_eq!(found(&cache, &key(0)).await, None);
    cache.close().await;
    let cache = open(&config(dir.path())).await;
    assert_eq!(found(&cache, &key(0)).await, None);
    assert_eq!(found(&cache, &key(1)).await.unwrap().1, Tier::Disk);
    cache.clear().await.unwrap();
    for n in 0..4 {
        assert_eq!(found(&cache, &key(n)).await, None);
    }
    cache.close().await;
    let cache = open(&config(dir.path())).await;
    for n in 0..4 {
        assert_eq!(found(&cache, &key(n)).await, None);
    }
}

#[tokio::test]
async fn a_removal_that_does_not_reach_the_disk_is_an_error_and_empties_memory() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(&config(dir.path())).await;
    cache.put(key(1), entry(1, 1000)).await;
    cache.put(key(2), entry(2, 1000)).await;
    cache.close().await;
    assert_eq!(cache.remove(&key(1)).await.unwrap_err().kind(), ErrorKind::Unreachable);
    assert_eq!(found(&cache, &key(1)).await, None);
    assert!(found(&cache, &key(2)).await.is_some());
    assert_eq!(cache.clear().await.unwrap_err().kind(), ErrorKind::Unreachable);
    assert_eq!(found(&cache, &key(2)).await, None);
}

#[tokio::test]
async fn an_oversized_entry_is_not_stored_and_removes_the_previous_one() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(&config(dir.path())).await;
    cache.put(key(1), entry(1, 1000)).await;
    cache.put(key(1), entry(2, 2 << 20)).await;
    assert_eq!(found(&cache, &key(1)).await, None);
    assert_eq!(cache.stats().oversize, 1);
    // an entry of exactly the limit is stored
    let fits = (2 << 20) - (entry(3, 0).weight());
    cache.put(key(3), entry(3, fits)).await;
    assert!(found(&cache, &key(3)).await.is_some());
}

#[tokio::test]
async fn memory_works_when_the_disk_fails() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(&config(dir.path())).await;
    cache.put(key(1), entry(1, 1000)).await;
    cache.close().await;
    let cache = open(&config(dir.path())).await;
    for file in std::fs::read_dir(dir.path().join("results/blocks")).unwrap() {
        File::options().write(true).open(file.unwrap().path()).unwrap().set_len(0).unwrap();
    }
    assert_eq!(found(&cache, &key(1)).await, None);
    assert_eq!(cache.stats().tier(Tier::Disk).unwrap().failures, 1);
    cache.put(key(2), entry(2, 1000)).await;
    assert_eq!(found(&cache, &key(2)).await, Some((entry(2, 1000), Tier::Memory)));
}

#[tokio::test]
async fn the_two_caches_share_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let coordinator = Coordinator::open(&config).unwrap();
    let results = Cache::open(&config, CacheName::Results, &coordinator).await.unwrap();
    let originals = Cache::open(&config, CacheName::Originals, &coordinator).await.unwrap();
    results.put(key(1), entry(1, 1000)).await;
    assert_eq!(found(&originals, &key(1)).await, None);
    originals.put(key(1), entry(2, 1000)).await;
    results.clear().await.unwrap();
    assert_eq!(found(&originals, &key(1)).await, Some((entry(2, 1000), Tier::Memory)));
    let room = |cache: &Cache| cache.stats().tier(Tier::Disk).unwrap().capacity;
    assert_eq!(room(&results) + room(&originals), config.disk.max_bytes.0);
}

#[tokio::test]
async fn a_disabled_cache_stores_nothing_and_opens_no_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.results.enabled = false;
    config.originals.enabled = false;
    let cache = open(&config).await;
    cache.put(key(1), entry(1, 1000)).await;
    assert_eq!(found(&cache, &key(1)).await, None);
    cache.remove(&key(1)).await.unwrap();
    cache.clear().await.unwrap();
    cache.close().await;
    assert_eq!(cache.stats(), result_cache::Stats::default());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn without_a_folder_there_is_only_memory() {
    let cache = open(&Config::default()).await;
    cache.put(key(1), entry(1, 1000)).await;
    assert_eq!(found(&cache, &key(1)).await.unwrap().1, Tier::Memory);
    assert_eq!(cache.stats().tier(Tier::Disk), None);
}
