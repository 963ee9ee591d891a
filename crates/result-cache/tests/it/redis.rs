//! The Redis store, purges and leases, with a real server.

use std::sync::Arc;
use std::time::Duration;

use result_cache::{
    Cache, CacheEntry, CacheName, Config, Coordinator, Generation, LeaseOutcome, PurgeReach, PurgeScope,
    RedisMode, Store, Tier,
};
use testkit::{RedisCluster, RedisSentinel, RedisServer};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use crate::fixture::{FRESH, STORED, entry, key, redis_settings};

/// Longer than anything here takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn config(url: &str) -> Config {
    let mut config = Config::default();
    config.memory.max_bytes = bytesize::ByteSize::mib(64);
    config.redis.url = url.into();
    // a busy machine is not a broken Redis
    config.redis.timeout = Duration::from_secs(5);
    config
}

pub async fn connected(config: &Config) -> Coordinator {
    assert_eq!(config.problems(), []);
    let coordinator = Coordinator::open(config).unwrap();
    until("it is connected", async || coordinator.is_connected()).await;
    coordinator
}

pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "timed out waiting until {what}");
        yield_now().await;
    }
}

async fn cache(config: &Config, coordinator: &Coordinator) -> Cache {
    Cache::open(config, CacheName::Results, coordinator).await.unwrap()
}

/// An entry whose work began at this generation.
fn begun(number: u64, generation: Generation) -> Arc<CacheEntry> {
    let mut entry = CacheEntry::clone(&entry(number, 1000));
    entry.meta.generation = generation;
    entry.meta.stored_at = result_cache::clock::now();
    Arc::new(entry)
}

async fn tier(cache: &Cache, number: u64) -> Option<Tier> {
    cache.get(&key(number), result_cache::clock::now()).await.map(|hit| hit.tier)
}

fn tag(number: u64) -> PurgeScope {
    PurgeScope::Tag(format!("tag-{number}"))
}

#[tokio::test]
async fn a_node_finds_the_entries_of_another_and_promotes_them() {
    let Some(server) = RedisServer::start() else { return };
    let config = config(&server.url());
    let (one, two) = (connected(&config).await, connected(&config).await);
    let (here, there) = (cache(&config, &one).await, cache(&config, &two).await);
    here.put(key(1), begun(1, one.generation())).await;
    here.wait_until_shared(&key(1)).await;
    assert_eq!((tier(&there, 1).await, tier(&there, 1).await), (Some(Tier::Redis), Some(Tier::Memory)));
    assert_eq!(there.stats().tier(Tier::Redis).unwrap().hits, 1);
    here.remove(&key(1)).await.unwrap();
    assert_eq!(tier(&here, 1).await, None);
    let ttl: i64 = {
        here.put(key(2), begun(2, one.generation())).await;
        here.wait_until_shared(&key(2)).await;
        let keys: Vec<String> = server.ask(&["KEYS", "pixmill:*"]);
        assert_eq!(keys.len(), 1, "{keys:?}");
        server.ask(&["PTTL", &keys[0]])
    };
    let fresh = i64::try_from(FRESH.as_millis()).unwrap();
    assert!((fresh * 8 / 10..=fresh).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn a_purge_reaches_every_node_and_tier_and_applies_to_late_entries() {
    let Some(server) = RedisServer::start() else { return };
    let config = config(&server.url());
    let (one, two) = (connected(&config).await, connected(&config).await);
    let (here, there) = (cache(&config, &one).await, cache(&config, &two).await);
    let before = two.generation();
    for number in 1..=2 {
        there.put(key(number), begun(number, before)).await;
        there.wait_until_shared(&key(number)).await;
    }
    assert_eq!(tier(&here, 1).await, Some(Tier::Redis));
    assert_eq!(one.purge(tag(1)).await.unwrap(), PurgeReach::AllNodes);
    assert_eq!((tier(&here, 1).await, tier(&here, 2).await), (None, Some(Tier::Redis)));
    let position = one.generation();
    until("the purge is known", async || two.generation() >= position).await;
    assert_eq!((tier(&there, 1).await, tier(&there, 2).await), (None, Some(Tier::Memory)));
    // work that began before the purge
    there.put(key(1), begun(1, before)).await;
    assert_eq!(tier(&there, 1).await, None);
    there.put(key(1), begun(1, two.generation())).await;
    there.wait_until_shared(&key(1)).await;
    assert_eq!(tier(&here, 1).await, Some(Tier::Redis));
    // a node that starts later reads earlier purges
    two.purge(PurgeScope::Everything).await.unwrap();
    let three = connected(&config).await;
    let elsewhere = cache(&config, &three).await;
    assert_eq!((tier(&elsewhere, 1).await, tier(&elsewhere, 2).await), (None, None));
}

#[tokio::test]
async fn a_purge_without_redis_applies_here_and_is_published_later() {
    let Some(mut server) = RedisServer::start() else { return };
    let config = config(&server.url());
    let (one, two) = (connected(&config).await, connected(&config).await);
    let (here, there) = (cache(&config, &one).await, cache(&config, &two).await);
    here.put(key(1), begun(1, one.generation())).await;
    here.wait_until_shared(&key(1)).await;
    assert_eq!(tier(&there, 1).await, Some(Tier::Redis));
    server.kill();
    until("both are disconnected", async || !one.is_connected() && !two.is_connected()).await;
    assert_eq!(one.purge(tag(1)).await.unwrap(), PurgeReach::ThisNode);
    assert_eq!((tier(&here, 1).await, tier(&there, 1).await), (None, Some(Tier::Memory)));
    here.put(key(2), begun(2, one.generation())).await;
    server.start_again();
    until("redis is used", async || one.is_connected() && two.is_connected()).await;
    until("the entry is gone", async || tier(&there, 1).await.is_none()).await;
    assert_eq!(tier(&here, 2).await, Some(Tier::Memory), "an empty Redis takes nothing with it");
    // the new log continues after the known position
    let before = two.generation();
    there.put(key(3), begun(3, before)).await;
    one.purge(tag(3)).await.unwrap();
    assert!(one.generation() > before);
    until("the entry is gone", async || tier(&there, 3).await.is_none()).await;
}

#[tokio::test]
async fn a_node_restores_purges_into_a_lost_log() {
    let Some(mut server) = RedisServer::start() else { return };
    let config = config(&server.url());
    let one = connected(&config).await;
    let before = one.generation();
    one.purge(tag(1)).await.unwrap();
    server.start_again();
    until("redis is used", async || one.is_connected()).await;
    let two = connected(&config).await;
    until("the purge is known", async || !two.allows(&begun(1, before).meta)).await;
    assert!(two.allows(&begun(2, before).meta));
}

#[tokio::test]
async fn a_trimmed_log_purges_everything() {
    let Some(server) = RedisServer::start() else { return };
    let config = config(&server.url());
    let one = connected(&config).await;
    let before = one.generation();
    one.purge(tag(1)).await.unwrap();
    one.purge(tag(2)).await.unwrap();
    server.ask::<()>(&["XTRIM", "{pixmill}:purges", "MAXLEN", "1"]);
    let two = connected(&config).await;
    assert!(!two.allows(&begun(3, before).meta), "a trimmed purge may apply to it");
    assert!(one.allows(&begun(3, before).meta), "this node has seen all of them");
}

#[tokio::test]
async fn purges_outlast_a_restart_on_disk_and_without_redis() {
    let dir = tempfile::tempdir().unwrap();
    let config = crate::fixture::config(dir.path());
    let coordinator = Coordinator::open(&config).unwrap();
    let results = cache(&config, &coordinator).await;
    for number in 0..3 {
        results.put(key(number), begun(number, coordinator.generation())).await;
    }
    assert_eq!(coordinator.purge(tag(0)).await.unwrap(), PurgeReach::AllNodes);
    results.close().await;
    let coordinator = Coordinator::open(&config).unwrap();
    let results = cache(&config, &coordinator).await;
    assert_eq!((tier(&results, 0).await, tier(&results, 1).await), (None, Some(Tier::Disk)));
    coordinator.purge(PurgeScope::Everything).await.unwrap();
    results.close().await;
    let coordinator = Coordinator::open(&config).unwrap();
    let results = cache(&config, &coordinator).await;
    assert_eq!(tier(&results, 2).await, None);
    results.close().await;
    std::fs::write(dir.path().join("purges"), "junk").unwrap();
    let coordinator = Coordinator::open(&config).unwrap();
    let results = cache(&config, &coordinator).await;
    assert_eq!(results.stats().tier(Tier::Disk).unwrap().hits, 0);
}

#[tokio::test]
async fn one_node_holds_the_lease_and_the_others_are_notified() {
    let Some(server) = RedisServer::start() else { return };
    let config = config(&server.url());
    let (one, two) = (connected(&config).await, connected(&config).await);
    let LeaseOutcome::Granted(lease) = one.acquire_lease(key(1)).await else {
        panic!("no other node wants it")
    };
    let LeaseOutcome::Held(wait) = two.acquire_lease(key(1)).await else { panic!("another node holds it") };
    assert!(matches!(two.acquire_lease(key(2)).await, LeaseOutcome::Granted(_)));
    let (notification, ()) = tokio::join!(wait.notification(), async { lease.complete() });
    // a notification may be lost when the machine is busy: the waiter then checks again
    assert!(
        notification.is_none_or(|notification| notification == result_cache::Notification::Stored),
        "{notification:?}"
    );
    let lease = granted(&one).await;
    let LeaseOutcome::Held(wait) = two.acquire_lease(key(1)).await else { panic!("another node holds it") };
    let (notification, ()) = tokio::join!(wait.notification(), async { drop(lease) });
    assert!(
        notification.is_none_or(|notification| notification == result_cache::Notification::NotShared),
        "{notification:?}"
    );
    drop(granted(&two).await);
}

async fn granted(coordinator: &Coordinator) -> result_cache::Lease {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match coordinator.acquire_lease(key(1)).await {
            LeaseOutcome::Granted(lease) => return lease,
            LeaseOutcome::Held(wait) => drop(wait.notification().await),
            LeaseOutcome::Unavailable => panic!("redis is available"),
        }
    }
    panic!("the lease is never released");
}

#[tokio::test]
async fn the_lease_of_a_node_that_died_is_taken_over() {
    let Some(server) = RedisServer::start() else { return };
    let config = config(&server.url());
    let (one, two) = (connected(&config).await, connected(&config).await);
    let LeaseOutcome::Granted(lease) = one.acquire_lease(key(1)).await else {
        panic!("no other node wants it")
    };
    // its threads end without releasing the lease
    std::mem::forget(lease);
    drop(one);
    drop(granted(&two).await);
}

#[tokio::test]
async fn a_frozen_redis_costs_one_timeout_and_then_nothing() {
    let Some(server) = RedisServer::start() else { return };
    let mut config = config(&server.url());
    config.redis.timeout = Duration::from_millis(50);
    let coordinator = connected(&config).await;
    let results = cache(&config, &coordinator).await;
    server.freeze();
    for number in 0..50 {
        assert_eq!(timeout(PATIENCE, tier(&results, number)).await, Ok(None));
    }
    assert!(matches!(
        timeout(PATIENCE, coordinator.acquire_lease(key(1))).await,
        Ok(LeaseOutcome::Unavailable)
    ));
    let failures = results.stats().tier(Tier::Redis).unwrap().failures;
    // in sequence, as in a request: the first one times out, and one after each time the breaker closes
    assert!((1..5).contains(&failures), "{failures} of 50 waited");
    server.thaw();
    until("redis is used", async || {
        coordinator.is_connected()
            && matches!(coordinator.acquire_lease(key(1)).await, LeaseOutcome::Granted(_))
    })
    .await;
    results.put(key(1), begun(1, coordinator.generation())).await;
    results.wait_until_shared(&key(1)).await;
    let other = cache(&config, &connected(&config).await).await;
    until("the entry is found", async || tier(&other, 1).await.is_some()).await;
}

#[tokio::test]
async fn a_redis_that_starts_later_is_used_then() {
    let Some(mut server) = RedisServer::start() else { return };
    server.kill();
    let config = config(&server.url());
    let coordinator = Coordinator::open(&config).unwrap();
    let results = cache(&config, &coordinator).await;
    results.put(key(1), begun(1, coordinator.generation())).await;
    assert_eq!(tier(&results, 1).await, Some(Tier::Memory));
    assert!(matches!(coordinator.acquire_lease(key(1)).await, LeaseOutcome::Unavailable));
    server.start_again();
    until("redis is used", async || coordinator.is_connected()).await;
    assert_eq!(tier(&results, 1).await, Some(Tier::Memory));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contract_on_one_server() {
    let Some(server) = RedisServer::start() else { return };
    contract(&config(&server.url())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contract_on_a_cluster_of_three_masters() {
    let Some(cluster) = RedisCluster::start() else { return };
    let mut config = config(&cluster.url());
    config.redis.mode = RedisMode::Cluster;
    contract(&config).await;
    let used = |server: &RedisServer| server.ask::<i64>(&["DBSIZE"]) > 0;
    assert!(cluster.servers.iter().all(used), "every master has entries");
    let (one, two) = (connected(&config).await, connected(&config).await);
    let LeaseOutcome::Granted(lease) = one.acquire_lease(key(1)).await else {
        panic!("no other node wants it")
    };
    assert!(matches!(two.acquire_lease(key(1)).await, LeaseOutcome::Held(_)));
    lease.complete();
    let before = two.generation();
    assert_eq!(one.purge(tag(1)).await.unwrap(), PurgeReach::AllNodes);
    until("the purge is known", async || !two.allows(&begun(1, before).meta)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contract_over_tls() {
    let Some((server, authority)) = RedisServer::with_tls() else { return };
    let mut config = config(&server.tls_url());
    config.redis.ca_file = authority;
    contract(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contract_behind_sentinels_and_after_a_failover() {
    let Some(sentinel) = RedisSentinel::start() else { return };
    let mut config = config(&sentinel.url());
    config.redis.mode = RedisMode::Sentinel;
    "main".clone_into(&mut config.redis.sentinel_master);
    contract(&config).await;
    let coordinator = connected(&config).await;
    let results = cache(&config, &coordinator).await;
    sentinel.fail_over();
    let mut number = 100;
    until("the new master takes writes", async || {
        number += 1;
        results.put(key(number), begun(number, coordinator.generation())).await;
        results.wait_until_shared(&key(number)).await;
        let written = format!("pixmill:*:results:{}", key(number));
        !sentinel.servers[1].ask::<Vec<String>>(&["KEYS", &written]).is_empty()
    })
    .await;
}

async fn contract(config: &Config) {
    let coordinator = connected(config).await;
    let store = coordinator.redis_store(redis_settings()).unwrap();
    crate::contract::contract(&store).await;
    let wrong = store.get(&key(9999)).await;
    assert_eq!(wrong, None);
    // an expired entry is not found
    let mut old = CacheEntry::clone(&entry(70, 10));
    old.meta.stored_at = STORED - 2 * u64::try_from(FRESH.as_millis()).unwrap();
    store.put(key(70), Arc::new(old)).await;
    until("the entry is gone", async || store.get(&key(70)).await.is_none()).await;
}

#[tokio::test]
async fn damaged_and_oversized_entries_are_misses() {
    let Some(server) = RedisServer::start() else { return };
    let mut config = config(&server.url());
    config.redis.max_entry_bytes = bytesize::ByteSize::kib(10);
    let (one, two) = (connected(&config).await, connected(&config).await);
    let (here, there) = (cache(&config, &one).await, cache(&config, &two).await);
    let mut large = CacheEntry::clone(&begun(1, one.generation()));
    large.body = vec![0; 20_000].into();
    here.put(key(1), Arc::new(large)).await;
    here.wait_until_shared(&key(1)).await;
    assert_eq!((tier(&here, 1).await, tier(&there, 1).await), (Some(Tier::Memory), None));
    here.put(key(2), begun(2, one.generation())).await;
    here.wait_until_shared(&key(2)).await;
    let keys: Vec<String> = server.ask(&["KEYS", "pixmill:*:results:*"]);
    server.ask::<()>(&["SET", &keys[0], "junk"]);
    assert_eq!(tier(&there, 2).await, None);
    assert_eq!(there.stats().tier(Tier::Redis).unwrap().corrupt, 1);
}

#[tokio::test]
async fn an_entry_under_another_key_is_a_miss() {
    let Some(server) = RedisServer::start() else { return };
    let config = config(&server.url());
    let (one, two) = (connected(&config).await, connected(&config).await);
    let (here, there) = (cache(&config, &one).await, cache(&config, &two).await);
    here.put(key(1), begun(1, one.generation())).await;
    here.wait_until_shared(&key(1)).await;
    let [name] = &server.ask::<Vec<String>>(&["KEYS", "pixmill:*:results:*"])[..] else {
        panic!("one entry")
    };
    let other = name.replace(&key(1).to_string(), &key(2).to_string());
    server.ask::<()>(&["COPY", name, &other]);
    assert_eq!((tier(&there, 2).await, there.stats().tier(Tier::Redis).unwrap().corrupt), (None, 1));
    // of another release: a miss that is not counted
    let mut old: Vec<u8> = server.ask(&["GET", name]);
    old[4] -= 1;
    server.ask_bytes(&[b"SET", other.as_bytes(), &old]);
    assert_eq!((tier(&there, 2).await, there.stats().tier(Tier::Redis).unwrap().corrupt), (None, 1));
    assert_eq!(tier(&there, 1).await, Some(Tier::Redis), "it is found under the key that it was written for");
    there.put(key(2), begun(2, two.generation())).await;
    there.wait_until_shared(&key(2)).await;
    assert_eq!(tier(&here, 2).await, Some(Tier::Redis), "it is replaced like any other");
}

#[tokio::test]
async fn only_originals_that_no_other_node_can_fetch_are_shared() {
    let Some(server) = RedisServer::start() else { return };
    let mut config = config(&server.url());
    config.redis.max_entry_bytes = bytesize::ByteSize::kib(1);
    let (one, two) = (connected(&config).await, connected(&config).await);
    let here = Cache::open(&config, CacheName::Originals, &one).await.unwrap();
    let there = Cache::open(&config, CacheName::Originals, &two).await.unwrap();
    here.put(key(1), begun(1, one.generation())).await;
    here.put_shared(key(2), begun(2, one.generation())).await;
    assert_eq!((tier(&there, 1).await, tier(&there, 2).await), (None, Some(Tier::Redis)));
    assert!(!here.is_shared());
    here.remove(&key(2)).await.unwrap();
    assert_eq!(tier(&connected_originals(&config).await, 2).await, None);
}

async fn connected_originals(config: &Config) -> Cache {
    Cache::open(config, CacheName::Originals, &connected(config).await).await.unwrap()
}
