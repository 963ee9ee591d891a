//! What ties the caches of this node to each other, and to those of other nodes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::purge::PurgeLog;
use crate::redis::{ClientError, LeaseOutcome, Membership, Redis};
use crate::stats::{CoordinatorStats, Counter};
use crate::{Config, EntryMeta, Error, Generation, Key, PurgeScope, RedisSettings, RedisStore, Tier};

/// The purges and, where one is configured, the Redis; cloning shares them.
///
/// Open it once, before the caches. A Redis that does not answer is no error: this node goes on alone until it
/// does.
#[derive(Debug, Clone)]
pub struct Coordinator(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    purges: Arc<PurgeLog>,
    redis: Option<Redis>,
    purges_made: Counter,
}

/// Whom a purge has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeReach {
    /// All nodes there are: each knows it, or reads it before it uses the shared cache again.
    AllNodes,
    /// This node. The others will be told as soon as Redis answers.
    ThisNode,
}

impl Coordinator {
    /// Reads the purges that are kept on disk, and begins to connect to Redis. Blocks the calling thread a
    /// little: call it at start.
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

    /// The position in the log of purges that is known now: what is begun now carries it.
    pub fn generation(&self) -> Generation {
        self.0.purges.position()
    }

    /// Whether this has not been purged since the making of it began.
    pub fn allows(&self, meta: &EntryMeta) -> bool {
        self.0.purges.allows(meta)
    }

    /// The last purge that concerns the tag.
    pub fn last_purge(&self, tag: &str) -> Generation {
        self.0.purges.last_purge(tag)
    }

    /// PurgeLog: from now on, nothing that was begun before is found on this node, and soon nowhere. An error
    /// means that all that holds, but that this node may forget it when it restarts.
    pub async fn purge(&self, scope: PurgeScope) -> Result<PurgeReach, Error> {
        self.0.purges_made.add_one();
        let Some(redis) = &self.0.redis else {
            self.0.purges.record_here(scope).await.map_err(|error| unwritten(&error))?;
            return Ok(PurgeReach::AllNodes);
        };
        match redis.subscriber.publish(&scope).await {
            Ok(()) => Ok(PurgeReach::AllNodes),
            Err(error) => {
                tracing::warn!(reason = %error, "a purge is not sent to other nodes yet");
                redis.subscriber.publish_later(scope.clone());
                self.0.purges.record_here(scope).await.map_err(|error| unwritten(&error))?;
                Ok(PurgeReach::ThisNode)
            }
        }
    }

    /// PurgeLog what was made of something that is about to be replaced by what came from outside, and gives the
    /// generation of what replaces it. Nodes that cannot be told now are not told later: the replacement will
    /// not get to them either, and the late purge would take it from this node.
    pub async fn replace(&self, tag: &str) -> Generation {
        self.0.purges_made.add_one();
        let scope = PurgeScope::Tag(tag.to_owned());
        let sent = match &self.0.redis {
            Some(redis) => redis.subscriber.publish(&scope).await,
            None => Err(ClientError::Unavailable),
        };
        if let Err(error) = sent {
            if self.0.redis.is_some() {
                tracing::warn!(reason = %error, "other nodes are not told that something was replaced");
            }
            if let Err(error) = self.0.purges.record_here(scope).await {
                tracing::warn!(%error, "a purge is not written down, it may not outlast a restart");
            }
        }
        // what came from outside knows nothing that the log may still tell
        self.generation().max(self.last_purge(tag))
    }

    /// Asks to be the one node that makes what has this key.
    pub async fn acquire_lease(&self, key: Key) -> LeaseOutcome {
        match &self.0.redis {
            Some(redis) => redis.acquire_lease(key).await,
            None => LeaseOutcome::Unavailable,
        }
    }

    /// Whether entries in Redis are used now. False without Redis, and while it is away.
    pub fn is_connected(&self) -> bool {
        self.0.redis.as_ref().is_some_and(|redis| redis.client.is_connected())
    }

    /// Has this node say `word` to all others every so often; nothing without Redis.
    pub fn join(&self, word: &str, every: Duration) -> Option<Membership> {
        let redis = self.0.redis.as_ref()?;
        Some(Membership::join(&redis.client, word, every))
    }

    /// What this node has had to do with others; without Redis, only its own purges.
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

    /// Whether there is a Redis to use.
    pub fn is_clustered(&self) -> bool {
        self.0.redis.is_some()
    }

    /// The store in Redis; nothing without one. Its entries are used while this value lives.
    pub fn redis_store(&self, settings: RedisSettings) -> Option<RedisStore> {
        let redis = self.0.redis.as_ref()?;
        Some(RedisStore::new(Arc::clone(&redis.client), settings))
    }

    /// Whether nobody knows what was purged of what is on the disk.
    pub(crate) fn distrusts_disk(&self) -> bool {
        self.0.purges.is_missing()
    }
}

fn unwritten(error: &io::Error) -> Error {
    Error::Unreachable { tier: Tier::Disk, reason: error.to_string() }
}
