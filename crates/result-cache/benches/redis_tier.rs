//! Hits in Redis compared with a bare loop of `GET`s of the same values by the same client, interleaved, as a ratio.
#![expect(clippy::print_stdout, reason = "it prints measurements")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ProtocolVersion, cmd};
use result_cache::{
    CacheEntry, CacheName, Config, Coordinator, EntryMeta, Key, Lifetimes, RedisSettings, RedisStore, Store,
    clock,
};
use testkit::{RedisServer, median};
use tikv_jemallocator::Jemalloc;

/// As in the server.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Values of each size.
const KEYS: u32 = 64;
/// Concurrent callers.
const AT_A_TIME: [usize; 2] = [1, 32];
/// Turns of each; the ratio is the median over neighbouring turns.
const TURNS: usize = 21;
const TURN: Duration = Duration::from_millis(150);

fn key(number: u32) -> Key {
    Key::from_parts(&[b"bench", &number.to_le_bytes()])
}

fn entry(len: usize) -> Arc<CacheEntry> {
    let lifetimes = Lifetimes { fresh_for: Duration::from_hours(1), ..Lifetimes::default() };
    let meta = EntryMeta { status: 200, stored_at: clock::now(), lifetimes, ..EntryMeta::default() };
    Arc::new(CacheEntry { meta, body: Bytes::from(vec![7; len]) })
}

/// Reads per second, by this many concurrent callers.
async fn rate<F: Future<Output = ()>>(callers: usize, one: impl Fn(u32) -> F) -> f64 {
    let began = Instant::now();
    let caller = async |first: usize| {
        let mut done = 0_u32;
        while began.elapsed() < TURN {
            one((first as u32 + done) % KEYS).await;
            done += 1;
        }
        done
    };
    let done: u32 = join_all((0..callers).map(caller)).await.into_iter().sum();
    f64::from(done) / began.elapsed().as_secs_f64()
}

/// As many connections as the store has.
async fn bare(url: &str, count: usize) -> Vec<MultiplexedConnection> {
    let info = redis::IntoConnectionInfo::into_connection_info(url).expect("an address");
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.set_redis_settings(settings)).expect("an address");
    let settings = AsyncConnectionConfig::new().set_response_timeout(None);
    let connect = || client.get_multiplexed_async_connection_with_config(&settings);
    join_all((0..count).map(|_| async { connect().await.expect("a connection") })).await
}

async fn compare(
    store: &RedisStore,
    bare: &[MultiplexedConnection],
    entries: &[(Key, String)],
    len: usize,
    callers: usize,
) {
    let hit = |number: u32| async move {
        assert!(store.get(&entries[number as usize].0).await.is_some());
    };
    let get = |number: u32| async move {
        let mut connection = bare[number as usize % bare.len()].clone();
        let bytes: Vec<u8> =
            cmd("GET").arg(&entries[number as usize].1).query_async(&mut connection).await.expect("a value");
        assert!(bytes.len() > len);
    };
    let (mut hits, mut gets, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let (one, other) = (rate(callers, hit).await, rate(callers, get).await);
        hits.push(one);
        gets.push(other);
        ratios.push(one / other);
    }
    let (hits, gets, ratio) = (median(hits), median(gets), median(ratios));
    println!(
        "{len:>8} bytes, {callers:>2} at a time: {hits:>8.0} hits/s, {gets:>8.0} bare/s, ratio {ratio:.2}"
    );
}

async fn all(server: &RedisServer, connections: usize) {
    let mut config = Config::default();
    config.redis.url = server.url().into();
    config.redis.timeout = Duration::from_secs(5);
    config.redis.connections = connections;
    let coordinator = Coordinator::open(&config).expect("a configuration");
    while !coordinator.is_connected() {
        tokio::task::yield_now().await;
    }
    println!("{connections} connections");
    let settings = RedisSettings {
        name: CacheName::Results,
        accepts_puts: true,
        max_entry_bytes: 4 << 20,
        max_waiting_bytes: 1 << 30,
        clock: clock::now,
    };
    let store = coordinator.redis_store(settings).expect("a store");
    let bare = bare(&server.url(), connections).await;
    for len in [10_000, 100_000, 1_000_000] {
        server.ask::<()>(&["CONFIG", "RESETSTAT"]);
        for number in 0..KEYS {
            store.put(key(number), entry(len)).await;
        }
        while store.stats().bytes > 0 {
            tokio::task::yield_now().await;
        }
        let found: Vec<String> = server.ask(&["KEYS", "pixmill:*:results:*"]);
        // prepared before measuring: the bare loop does not build names either
        let entry = |number| {
            let key = key(number);
            let ending = key.to_string();
            (key, found.iter().find(|name| name.ends_with(&ending)).expect("the entry").clone())
        };
        let entries: Vec<_> = (0..KEYS).map(entry).collect();
        for callers in AT_A_TIME {
            compare(&store, &bare, &entries, len, callers).await;
        }
    }
}

fn main() {
    let Some(server) = RedisServer::start() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    for connections in [1, 4] {
        runtime.block_on(all(&server, connections));
    }
}
