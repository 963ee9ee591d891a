//! The store in Redis: entries that all nodes share.

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
use crate::{CacheEntry, CacheName, Config, Error, Key, Store, Tier, TierStats};

/// Concurrent writes.
const WRITERS: usize = 4;
/// The time to live is shortened by up to a tenth, depending on the key, so that entries stored together do not expire
/// together.
const JITTER: u64 = 10;

/// Which entries a store keeps in Redis, and its bounds.
#[derive(Debug, Clone, Copy)]
pub struct RedisSettings {
    /// The name of the cache.
    pub name: CacheName,
    /// Whether every entry is put here; if not, only those that no other node can make are shared.
    pub accepts_puts: bool,
    /// Weight of the largest entry that is stored, in bytes.
    pub max_entry_bytes: u64,
    /// Largest number of bytes queued to be written.
    pub max_waiting_bytes: u64,
    /// The clock, in milliseconds since the Unix epoch.
    pub clock: fn() -> u64,
}

/// A store in a Redis that other nodes read and write too.
///
/// A read takes no longer than `cache.redis.timeout`. Writes are done in the background (write-behind), and dropped when
/// too many bytes are queued or Redis does not answer: the previous entry then stays until it expires. Redis removes an
/// entry when it expires.
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
            // names contain the format, so somebody copied it here from another release
            Err(error @ Error::Format { .. }) => {
                tracing::debug!(%error, %key, "an entry in redis has the format of another release");
                None
            }
            Err(error) => {
                self.0.corrupt.add_one();
                tracing::warn!(%error, %key, "an entry in redis is corrupt");
                None
            }
        }
    }

    async fn put(&self, key: Key, entry: Arc<CacheEntry>) {
        let fits = entry.weight() as u64 <= self.0.settings.max_entry_bytes;
        // the stored entry is outdated, even if the new one is never written
        self.0.writes.add(key, if fits { Write::Put(entry) } else { Write::Remove });
    }

    async fn remove(&self, key: &Key) -> Result<(), Error> {
        let result: Result<(), String> = match self.0.writes.remove(*key) {
            Some(receiver) => receiver
                .await
                .unwrap_or_else(|_: oneshot::error::RecvError| Err("the store is closed".into())),
            None => self.0.request("UNLINK", key).await.map(drop).map_err(|error| error.to_string()),
        };
        result.map_err(|reason| Error::Unreachable { tier: Tier::Redis, reason })
    }

    /// Begins a new namespace, in which no older entry is found. This node uses it at once, others within a second: purge,
    /// to remove everything on every node.
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
        tracing::debug!(%before, %namespace, "redis starts empty in a new namespace");
        client.set_namespace(Some(namespace.into()));
        Ok(())
    }

    /// Failures, dropped and corrupt entries, bytes queued to be written, and the capacity of that queue.
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

    /// Writes what is queued, one after the other, for the lifetime of the store.
    async fn write_all(self: Arc<Self>, keys: Arc<Mutex<UnboundedReceiver<Key>>>) {
        loop {
            let next = keys.lock().await.recv().await;
            let Some(key) = next else { return };
            let Some((write, version)) = self.writes.start(&key) else { continue };
            let result = self.write(&key, write).await.map_err(|error| error.to_string());
            if let Err(reason) = &result {
                self.writes.dropped.add_one();
                tracing::debug!(reason, %key, "an entry was not written to redis");
            }
            self.writes.finish(&key, version, &result);
        }
    }

    async fn write(&self, key: &Key, write: Write) -> Result<(), ClientError> {
        let Write::Put(entry) = write else { return self.request("UNLINK", key).await.map(drop) };
        let Some(time_to_live) = self.time_to_live(key, &entry) else {
            return self.request("UNLINK", key).await.map(drop);
        };
        let namespace = self.client.namespace().ok_or(ClientError::Unavailable)?;
        let mut command = cmd("SET");
        command
            .arg(self.client.keyspace.entry(&namespace, self.settings.name, key))
            .arg(&entry.encode(key)[..])
            .arg("PX")
            .arg(time_to_live);
        self.client.write(&command, entry.weight()).await.map(drop)
    }

    /// Milliseconds until the entry expires, minus the jitter; `None` if it has expired.
    fn time_to_live(&self, key: &Key, entry: &CacheEntry) -> Option<u64> {
        let age = entry.age((self.settings.clock)());
        time_to_live(key, entry.retained_for().checked_sub(age)?)
    }
}

fn time_to_live(key: &Key, left: Duration) -> Option<u64> {
    // Redis counts milliseconds since the epoch in signed numbers
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
        let lives: Vec<_> = (0..100_u32)
            .map(|n| time_to_live(&Key::from_parts(&[&n.to_le_bytes()]), hour).unwrap())
            .collect();
        assert!(lives.iter().all(|lives| (millis * 9 / 10..=millis).contains(lives)), "{lives:?}");
        assert!(lives.iter().max().unwrap() - lives.iter().min().unwrap() > millis / 20);
        assert_eq!(time_to_live(&Key::from([0; 32]), hour), Some(millis));
        assert_eq!(time_to_live(&Key::from([255; 32]), hour), Some(millis * 9 / 10));
        assert_eq!(time_to_live(&Key::from([0; 32]), Duration::ZERO), None);
        assert!(time_to_live(&Key::from([0; 32]), Duration::MAX).is_some());
    }
}
