//! The tier in Redis: envelopes that all nodes share.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Value, cmd};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Mutex, oneshot};

use super::client::{Client, ClientError};
use super::write_behind::{Write, WriteBehind};
use crate::stats::Counter;
use crate::{CacheEntry, CacheName, Config, Coordinator, Error, Key, Store, Tier, TierStats};

/// WriteBehind under way at a time.
const WRITERS: usize = 4;
/// A tenth of the time to live, at most, is taken off, by the key: what was stored together does not end
/// together.
const JITTER: u64 = 10;

/// Which of the entries in Redis a store keeps, and within which bounds.
#[derive(Debug, Clone, Copy)]
pub struct RedisSettings {
    /// Which cache.
    pub name: CacheName,
    /// Whether every entry is put here; if not, only those that no other node can make are shared.
    pub accepts_puts: bool,
    /// Weight of the largest entry that is kept.
    pub max_entry_bytes: u64,
    /// Most bytes that wait to be written.
    pub max_waiting_bytes: u64,
    /// Tells the time, in milliseconds since the Unix epoch.
    pub clock: fn() -> u64,
}

/// Envelopes in a Redis that other nodes read and write too.
///
/// Reading takes no longer than its limit; writing is done in the background, and dropped when too much waits
/// or Redis does not answer: what was there before then stays until it expires. An entry is gone from Redis
/// when its entry expires.
#[derive(Debug)]
pub struct RedisStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: Arc<Client>,
    writes: WriteBehind,
    corrupt: Counter,
    settings: RedisSettings,
}

impl RedisSettings {
    pub(crate) fn new(config: &Config, name: CacheName) -> Self {
        Self {
            name,
            accepts_puts: config.shares_all(name),
            max_entry_bytes: config.redis.max_entry_bytes.0.min(config.max_entry_bytes.0),
            max_waiting_bytes: config.redis.max_waiting_bytes.0,
            clock: crate::clock::now,
        }
    }
}

impl RedisStore {
    pub(crate) fn new(client: Arc<Client>, settings: RedisSettings) -> Self {
        let max_bytes = usize::try_from(settings.max_waiting_bytes).unwrap_or(usize::MAX);
        let (writes, keys) = WriteBehind::new(max_bytes);
        let shared = Arc::new(Shared { client, writes, corrupt: Counter::default(), settings });
        let keys = Arc::new(Mutex::new(keys));
        for _ in 0..WRITERS {
            shared.client.threads.spawn(Arc::clone(&shared).write_all(Arc::clone(&keys)));
        }
        Self(shared)
    }

    /// The store of the cache of this name, if a Redis is configured.
    pub(crate) fn from_config(
        config: &Config,
        name: CacheName,
        coordinator: &Coordinator,
    ) -> Option<Box<dyn Store>> {
        if !config.enabled(name) {
            return None;
        }
        Some(Box::new(coordinator.redis_store(RedisSettings::new(config, name))?))
    }
}

#[async_trait]
impl Store for RedisStore {
    fn tier(&self) -> Tier {
        Tier::Redis
    }

    async fn get(&self, key: &Key) -> Option<Arc<CacheEntry>> {
        match self.0.writes.pending_write(key) {
            Some(Write::Put(entry)) => return Some(entry),
            Some(Write::Remove) => return None,
            None => {}
        }
        let Value::BulkString(bytes) = self.0.request("GET", key).await.ok()? else { return None };
        match CacheEntry::decode(Bytes::from(bytes), key) {
            Ok(entry) => Some(Arc::new(entry)),
            // of another release: names tell formats apart, so somebody copied it here
            Err(error @ Error::Format { .. }) => {
                tracing::debug!(%error, %key, "an entry in redis is of another release");
                None
            }
            Err(error) => {
                self.0.corrupt.add_one();
                tracing::warn!(%error, %key, "redis holds something that is no entry of this key");
                None
            }
        }
    }

    async fn put(&self, key: Key, entry: Arc<CacheEntry>) {
        let fits = entry.weight() as u64 <= self.0.settings.max_entry_bytes;
        // what is there is out of date, even if the new one never gets to it
        self.0.writes.add(key, if fits { Write::Put(entry) } else { Write::Remove });
    }

    async fn remove(&self, key: &Key) -> Result<(), Error> {
        let result: Result<(), String> = match self.0.writes.remove(*key) {
            Some(told) => {
                told.await.unwrap_or_else(|_: oneshot::error::RecvError| Err("it is closed".into()))
            }
            None => self.0.request("UNLINK", key).await.map(drop).map_err(|error| error.to_string()),
        };
        result.map_err(|reason| Error::Unreachable { tier: Tier::Redis, reason })
    }

    /// Begins a new space, in which no entry written so far is found. This node does so at once; others
    /// notice within a second: use a purge to forget everything on every node.
    async fn clear(&self) -> Result<(), Error> {
        let unreachable =
            |error: ClientError| Error::Unreachable { tier: Tier::Redis, reason: error.to_string() };
        let client = &self.0.client;
        let before = client.namespace().ok_or_else(|| unreachable(ClientError::Unavailable))?;
        let namespace = super::random_name();
        for key in self.0.writes.keys() {
            self.0.writes.add(key, Write::Remove);
        }
        let mut command = cmd("SET");
        command.arg(client.keyspace.namespace()).arg(&namespace).arg("XX");
        client.request(&command).await.map_err(unreachable)?;
        tracing::debug!(%before, %namespace, "redis begins empty");
        client.set_namespace(Some(namespace.into()));
        Ok(())
    }

    /// Failures, dropped and corrupt entries, bytes that wait to be written and room for them.
    fn stats(&self) -> TierStats {
        TierStats {
            failures: self.0.client.failures.read(),
            dropped: self.0.writes.dropped.read(),
            corrupt: self.0.corrupt.read(),
            bytes: self.0.writes.bytes() as u64,
            capacity: self.0.settings.max_waiting_bytes,
            ..TierStats::default()
        }
    }

    fn accepts_puts(&self) -> bool {
        self.0.settings.accepts_puts
    }

    fn is_shared(&self) -> bool {
        self.0.settings.accepts_puts && self.0.client.is_connected()
    }

    async fn share(&self, key: Key, entry: Arc<CacheEntry>) {
        if self.0.writes.add(key, Write::Put(Arc::clone(&entry))) {
            self.wait_until_shared(&key).await;
        } else if let Err(reason) = self.0.write(&key, Write::Put(entry)).await {
            tracing::warn!(%reason, %key, "an entry was not written to redis");
        }
    }

    async fn wait_until_shared(&self, key: &Key) {
        if let Some(written) = self.0.writes.completion(key) {
            drop(written.await);
        }
    }
}

impl Shared {
    async fn request(&self, verb: &str, key: &Key) -> Result<Value, ClientError> {
        let namespace = self.client.namespace().ok_or(ClientError::Unavailable)?;
        let mut command = cmd(verb);
        command.arg(self.client.keyspace.entry(&namespace, self.settings.name, key));
        self.client.request(&command).await
    }

    /// WriteBehind what waits, one after the other, for good.
    async fn write_all(self: Arc<Self>, keys: Arc<Mutex<UnboundedReceiver<Key>>>) {
        loop {
            let next = keys.lock().await.recv().await;
            let Some(key) = next else { return };
            let Some((write, version)) = self.writes.begin(&key) else { continue };
            let result = self.write(&key, write).await.map_err(|error| error.to_string());
            if let Err(reason) = &result {
                self.writes.dropped.add_one();
                tracing::debug!(reason, %key, "an entry is not written to redis");
            }
            self.writes.end(&key, version, &result);
        }
    }

    async fn write(&self, key: &Key, write: Write) -> Result<(), ClientError> {
        let Write::Put(entry) = write else { return self.request("UNLINK", key).await.map(drop) };
        let Some(lives_for) = self.lives_for(key, &entry) else {
            return self.request("UNLINK", key).await.map(drop);
        };
        let namespace = self.client.namespace().ok_or(ClientError::Unavailable)?;
        let mut command = cmd("SET");
        command
            .arg(self.client.keyspace.entry(&namespace, self.settings.name, key))
            .arg(&entry.encode(key)[..])
            .arg("PX")
            .arg(lives_for);
        self.client.write(&command, entry.weight()).await.map(drop)
    }

    /// Milliseconds until it expires, less the jitter; nothing if it has.
    fn lives_for(&self, key: &Key, entry: &CacheEntry) -> Option<u64> {
        let age = entry.age((self.settings.clock)());
        lives_for(key, entry.retained_for().checked_sub(age)?)
    }
}

fn lives_for(key: &Key, left: Duration) -> Option<u64> {
    // Redis counts in signed numbers, from the epoch on
    const MOST: u64 = i64::MAX as u64 / 4;
    let left = u64::try_from(left.as_millis()).unwrap_or(MOST).min(MOST);
    let share = u64::from(u16::from_le_bytes([key.as_bytes()[0], key.as_bytes()[1]]));
    let jitter = u128::from(left) * u128::from(share) / u128::from(u64::from(u16::MAX) * JITTER);
    Some(left - jitter as u64).filter(|left| *left > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_live_is_shortened_by_up_to_a_tenth() {
        let hour = Duration::from_hours(1);
        let millis = 3_600_000;
        let lives: Vec<_> =
            (0..100_u32).map(|n| lives_for(&Key::from_parts(&[&n.to_le_bytes()]), hour).unwrap()).collect();
        assert!(lives.iter().all(|lives| (millis * 9 / 10..=millis).contains(lives)), "{lives:?}");
        assert!(lives.iter().max().unwrap() - lives.iter().min().unwrap() > millis / 20);
        assert_eq!(lives_for(&Key::from([0; 32]), hour), Some(millis));
        assert_eq!(lives_for(&Key::from([255; 32]), hour), Some(millis * 9 / 10));
        assert_eq!(lives_for(&Key::from([0; 32]), Duration::ZERO), None);
        assert!(lives_for(&Key::from([0; 32]), Duration::MAX).is_some());
    }
}
