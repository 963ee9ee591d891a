//! Coordinates the caches of this node with each other and with those of other nodes: purges, leases, membership.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::purge::PurgeLog;
use crate::redis::{ClientError, LeaseOutcome, Membership, Redis};
use crate::stats::{CoordinatorStats, Counter};
use crate::{
    CacheName, Config, EntryMeta, Error, Generation, Key, PurgeScope, RedisSettings, RedisStore, Store, Tier,
};

/// The purge log and, where one is configured, the connection to Redis. Cloning shares them.
///
/// Open it once, before the caches. A Redis that does not answer is no error: this node uses its local caches only, until
/// it does.
#[derive(Debug, Clone)]
pub struct Coordinator(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    purges: Arc<PurgeLog>,
    redis: Option<Redis>,
    purges_made: Counter,
}

/// Which nodes a purge has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeReach {
    /// All nodes: each knows it, or reads it before it uses the shared cache again.
    AllNodes,
    /// This node. The others are notified as soon as Redis answers.
    ThisNode,
}

impl Coordinator {
    /// Reads the purges on disk and starts to connect to Redis. Blocks the calling thread for a moment: call it at start.
    ///
    /// # Errors
    ///
    /// An error of the kind [`Open`](crate::ErrorKind::Open) if the folder of the disk cache or the configured Redis cannot
    /// be used at all.
    pub fn open(config: &Config) -> Result<Self, Error> {
        let purges =
            if config.uses_disk() { PurgeLog::open(&config.disk.path)? } else { PurgeLog::in_memory() };
        let purges = Arc::new(purges);
        let redis = if config.redis.is_used() {
            Some(Redis::open(&config.redis, Arc::clone(&purges))?)
        } else {
            None
        };
        Ok(Self(Arc::new(Inner { purges, redis, purges_made: Counter::default() })))
    }

    /// The position in the purge log that is known now. Work that begins now stores it in its entries, as
    /// [`EntryMeta::generation`].
    pub fn generation(&self) -> Generation {
        self.0.purges.position()
    }

    /// Whether no purge applies to the entry since the work on it began.
    pub fn allows(&self, meta: &EntryMeta) -> bool {
        self.0.purges.allows(meta)
    }

    /// The position of the last purge that applies to the tag.
    pub fn last_purge(&self, tag: &str) -> Generation {
        self.0.purges.last_purge(tag)
    }

    /// Purges: from now on, no entry whose work began before is found on this node, and soon on no node.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`] if the purge could not be written to disk: it applies all the same, but this node may lose it
    /// at a restart.
    pub async fn purge(&self, scope: PurgeScope) -> Result<PurgeReach, Error> {
        self.0.purges_made.add_one();
        let Some(redis) = &self.0.redis else {
            self.0.purges.record_here(scope).await.map_err(|error| unwritten(&error))?;
            return Ok(PurgeReach::AllNodes);
        };
        match redis.subscriber.publish(&scope).await {
            Ok(()) => Ok(PurgeReach::AllNodes),
            Err(error) => {
                tracing::warn!(reason = %error, "a purge could not be sent to other nodes: it will be sent later");
                redis.subscriber.publish_later(scope.clone());
                self.0.purges.record_here(scope).await.map_err(|error| unwritten(&error))?;
                Ok(PurgeReach::ThisNode)
            }
        }
    }

    /// Purges everything that was made of an original which an upload is about to replace, and returns the generation of
    /// the replacement. Nodes that cannot be notified now are not notified later: the replacement does not reach them
    /// either, and the late purge would remove it from this node.
    pub async fn replace(&self, tag: &str) -> Generation {
        self.0.purges_made.add_one();
        let scope = PurgeScope::Tag(tag.to_owned());
        let sent = match &self.0.redis {
            Some(redis) => redis.subscriber.publish(&scope).await,
            None => Err(ClientError::Unavailable),
        };
        if let Err(error) = sent {
            if self.0.redis.is_some() {
                tracing::warn!(reason = %error, "other nodes were not notified of a replaced original");
            }
            if let Err(error) = self.0.purges.record_here(scope).await {
                tracing::warn!(%error, "a purge was not written to disk: it may be lost at a restart");
            }
        }
        // the replacement is newer than any purge that may still be read from the log
        self.generation().max(self.last_purge(tag))
    }

    /// Acquires the lease of this key: of all nodes, one does the work.
    pub async fn acquire_lease(&self, key: Key) -> LeaseOutcome {
        match &self.0.redis {
            Some(redis) => redis.acquire_lease(key).await,
            None => LeaseOutcome::Unavailable,
        }
    }

    /// Tells other nodes that the entry under the key was replaced.
    pub(crate) async fn announce_replacement(&self, key: &Key) {
        if let Some(redis) = &self.0.redis {
            redis.announce_replacement(key).await;
        }
    }

    /// Calls `forget` with each key whose entry another node has replaced, until it returns false.
    pub(crate) fn on_replacement<F>(&self, forget: impl Fn(Key) -> F + Send + Sync + 'static)
    where
        F: Future<Output = bool> + Send + 'static,
    {
        let Some(redis) = &self.0.redis else { return };
        let mut replaced = redis.replacements();
        redis.spawn(async move {
            while let Some(key) = replaced.recv().await {
                if !forget(key).await {
                    return;
                }
            }
        });
    }

    /// Whether entries in Redis are used now. False without Redis, and while it does not answer.
    pub fn is_connected(&self) -> bool {
        self.0.redis.as_ref().is_some_and(|redis| redis.client.is_connected())
    }

    /// Announces `announcement` to all nodes, at this interval, and collects the announcements of others. `None` without
    /// Redis.
    pub fn join(&self, announcement: &str, interval: Duration) -> Option<Membership> {
        let redis = self.0.redis.as_ref()?;
        Some(Membership::join(&redis.client, announcement, interval))
    }

    /// Counters; without Redis, only the purges of this node are counted.
    pub fn stats(&self) -> CoordinatorStats {
        let own = CoordinatorStats { purges_made: self.0.purges_made.read(), ..CoordinatorStats::default() };
        let Some(Redis { client, .. }) = &self.0.redis else { return own };
        CoordinatorStats {
            is_connected: self.is_connected(),
            purges_received: client.purges_received.read(),
            leases_granted: client.leases.granted.read(),
            leases_refused: client.leases.refused.read(),
            leases_taken_over: client.leases.taken_over.read(),
            ..own
        }
    }

    /// Whether a Redis is configured.
    pub fn is_clustered(&self) -> bool {
        self.0.redis.is_some()
    }

    /// The store in Redis, `None` without one. It writes in the background for as long as the store lives.
    pub fn redis_store(&self, settings: RedisSettings) -> Option<RedisStore> {
        let redis = self.0.redis.as_ref()?;
        Some(RedisStore::new(Arc::clone(&redis.client), settings))
    }

    /// The Redis store of the cache of this name, if a Redis is configured and the cache is enabled.
    pub(crate) fn configured_store(&self, config: &Config, name: CacheName) -> Option<Box<dyn Store>> {
        if !config.enabled(name) {
            return None;
        }
        Some(Box::new(self.redis_store(RedisSettings::new(config, name))?))
    }

    /// Whether the record of purges was lost: entries on disk may have been purged.
    pub(crate) fn distrusts_disk(&self) -> bool {
        self.0.purges.is_missing()
    }
}

fn unwritten(error: &io::Error) -> Error {
    Error::Unreachable { tier: Tier::Disk, reason: error.to_string() }
}
