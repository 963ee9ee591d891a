//! What ties the caches of this node to each other, and to those of other nodes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::purge::Purges;
use crate::remote::{Claim, Remote, Roster, Trouble};
use crate::stats::{Counter, PeerStats};
use crate::{Config, Error, Generation, Key, Meta, RedisSettings, RedisStore, Scope, Tier};

/// The purges and, where one is configured, the Redis; cloning shares them.
///
/// Open it once, before the caches. A Redis that does not answer is no error: this node goes on alone until it
/// does.
#[derive(Debug, Clone)]
pub struct Peers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    purges: Arc<Purges>,
    remote: Option<Remote>,
    purges_made: Counter,
}

/// Whom a purge has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All nodes there are: each knows it, or reads it before it uses the shared cache again.
    AllNodes,
    /// This node. The others will be told as soon as Redis answers.
    ThisNode,
}

impl Peers {
    /// Reads the purges that are kept on disk, and begins to connect to Redis. Blocks the calling thread a
    /// little: call it at start.
    pub fn open(config: &Config) -> Result<Self, Error> {
        let purges = if config.uses_disk() { Purges::open(&config.disk.path)? } else { Purges::in_memory() };
        let purges = Arc::new(purges);
        let remote = if config.redis.is_used() {
            Some(Remote::open(&config.redis, Arc::clone(&purges))?)
        } else {
            None
        };
        Ok(Self(Arc::new(Inner { purges, remote, purges_made: Counter::default() })))
    }

    /// The position in the log of purges that is known now: what is begun now carries it.
    pub fn position(&self) -> Generation {
        self.0.purges.position()
    }

    /// Whether this has not been purged since the making of it began.
    pub fn allows(&self, meta: &Meta) -> bool {
        self.0.purges.allows(meta)
    }

    /// The last purge that concerns the tag.
    pub fn last_purge(&self, tag: &str) -> Generation {
        self.0.purges.last(tag)
    }

    /// Purges: from now on, nothing that was begun before is found on this node, and soon nowhere. An error
    /// means that all that holds, but that this node may forget it when it restarts.
    pub async fn purge(&self, scope: Scope) -> Result<Reach, Error> {
        self.0.purges_made.add_one();
        let Some(remote) = &self.0.remote else {
            self.0.purges.record_here(scope).await.map_err(|error| unwritten(&error))?;
            return Ok(Reach::AllNodes);
        };
        match remote.follower.send(&scope).await {
            Ok(()) => Ok(Reach::AllNodes),
            Err(trouble) => {
                tracing::warn!(reason = %trouble, "a purge is not sent to other nodes yet");
                remote.follower.send_later(scope.clone());
                self.0.purges.record_here(scope).await.map_err(|error| unwritten(&error))?;
                Ok(Reach::ThisNode)
            }
        }
    }

    /// Purges what was made of something that is about to be replaced by what came from outside, and gives the
    /// generation of what replaces it. Nodes that cannot be told now are not told later: the replacement will
    /// not get to them either, and the late purge would take it from this node.
    pub async fn replace(&self, tag: &str) -> Generation {
        self.0.purges_made.add_one();
        let scope = Scope::Tag(tag.to_owned());
        let sent = match &self.0.remote {
            Some(remote) => remote.follower.send(&scope).await,
            None => Err(Trouble::Away),
        };
        if let Err(trouble) = sent {
            if self.0.remote.is_some() {
                tracing::warn!(reason = %trouble, "other nodes are not told that something was replaced");
            }
            if let Err(error) = self.0.purges.record_here(scope).await {
                tracing::warn!(%error, "a purge is not written down, it may not outlast a restart");
            }
        }
        // what came from outside knows nothing that the log may still tell
        self.position().max(self.last_purge(tag))
    }

    /// Asks to be the one node that makes what has this key.
    pub async fn claim(&self, key: Key) -> Claim {
        match &self.0.remote {
            Some(remote) => remote.claim(key).await,
            None => Claim::Alone,
        }
    }

    /// Whether entries in Redis are used now. False without Redis, and while it is away.
    pub fn is_connected(&self) -> bool {
        self.0.remote.as_ref().is_some_and(|remote| remote.link.space().is_some() && remote.link.is_open())
    }

    /// Has this node say `word` to all others every so often; nothing without Redis.
    pub fn join(&self, word: &str, every: Duration) -> Option<Roster> {
        let remote = self.0.remote.as_ref()?;
        Some(Roster::join(&remote.link, word, every))
    }

    /// What this node has had to do with others; without Redis, only its own purges.
    pub fn stats(&self) -> PeerStats {
        let own = PeerStats { purges_made: self.0.purges_made.read(), ..PeerStats::default() };
        let Some(Remote { link, .. }) = &self.0.remote else { return own };
        PeerStats {
            is_connected: self.is_connected(),
            purges_received: link.purges_received.read(),
            leases_granted: link.leases.granted.read(),
            leases_refused: link.leases.refused.read(),
            leases_taken_over: link.leases.taken_over.read(),
            ..own
        }
    }

    /// Whether there is a Redis to use.
    pub fn is_clustered(&self) -> bool {
        self.0.remote.is_some()
    }

    /// The store in Redis; nothing without one. Its entries are used while this value lives.
    pub fn store(&self, settings: RedisSettings) -> Option<RedisStore> {
        let remote = self.0.remote.as_ref()?;
        Some(RedisStore::new(Arc::clone(&remote.link), settings))
    }

    /// Whether nobody knows what was purged of what is on the disk.
    pub(crate) fn distrusts_disk(&self) -> bool {
        self.0.purges.is_new()
    }
}

fn unwritten(error: &io::Error) -> Error {
    Error::Unreachable { tier: Tier::Disk, reason: error.to_string() }
}
