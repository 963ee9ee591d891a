//! Follows the log of purges, so that this node knows each of them at once.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::{Cmd, Value};
use tokio::time::{sleep, timeout};

use super::client::{Client, ClientError, RECONNECT_DELAYS};
use super::connection::Connection;
use super::purge_stream::{self, StreamEntry, StreamState};
use crate::Generation;
use crate::purge::{MAX_PURGES, PurgeLog, PurgeScope};

/// How long the log is waited for at a time; between times it is checked that it is still the same one.
const POLL: Duration = Duration::from_secs(1);
/// Least time an reply is waited for here, where no request waits.
const GRACE: Duration = Duration::from_millis(500);

/// The reader of the log, with a connection of its own, on which it waits for purges.
///
/// While it follows, entries in Redis are used; when it cannot, they are not, since some may have been purged.
/// What was purged here meanwhile is sent on first thing.
#[derive(Debug)]
pub(crate) struct PurgeSubscriber {
    client: Arc<Client>,
    purges: Arc<PurgeLog>,
    /// PurgeLog that other nodes were not known_purges of.
    pending: Mutex<Vec<PurgeScope>>,
    /// The namespace whose log was replay last.
    current_namespace: Mutex<String>,
}

impl PurgeSubscriber {
    /// Begins to follow, for good.
    pub(crate) fn start(client: Arc<Client>, purges: Arc<PurgeLog>) -> Arc<Self> {
        let subscriber =
            Arc::new(Self { client, purges, pending: Mutex::default(), current_namespace: Mutex::default() });
        subscriber.client.threads.spawn(Arc::clone(&subscriber).run());
        subscriber
    }

    /// Sends a purge to all nodes, this one included. In error it is not sent.
    pub(crate) async fn publish(&self, scope: &PurgeScope) -> Result<(), ClientError> {
        let namespace = self.client.namespace().ok_or(ClientError::Unavailable)?;
        let reply =
            self.client.request(&purge_stream::add(&self.client.keyspace, &namespace, scope, None)).await?;
        let at = purge_stream::parse_added(&reply).ok_or(ClientError::Unavailable)?;
        warn_unless_persisted(self.purges.record(scope.clone(), at).await);
        // what is begun from now on is begun after the purge, and may know it
        drop(timeout(GRACE, self.purges.known(at)).await);
        Ok(())
    }

    /// Keeps a purge until it can be sent.
    pub(crate) fn publish_later(&self, scope: PurgeScope) {
        let mut pending = self.pending.lock();
        if pending.len() < MAX_PURGES && scope != PurgeScope::Everything {
            pending.push(scope);
        } else {
            *pending = vec![PurgeScope::Everything];
        }
    }

    async fn run(self: Arc<Self>) {
        let mut delay = RECONNECT_DELAYS.0;
        let mut was_connected = true;
        loop {
            let Disconnected { reason, was_in_sync } = self.follow().await;
            self.client.set_namespace(None);
            if was_in_sync || was_connected {
                tracing::warn!(%reason, "redis is out of use: this node goes on alone");
            }
            was_connected = false;
            if was_in_sync {
                delay = RECONNECT_DELAYS.0;
            }
            sleep(delay).await;
            delay = (2 * delay).min(RECONNECT_DELAYS.1);
        }
    }

    /// Follows until something breaks.
    async fn follow(&self) -> Disconnected {
        let mut was_in_sync = false;
        let reason = match self.client.connector.open(None).await {
            Ok(mut connection) => loop {
                if let Err(error) = self.catch_up(&mut connection).await {
                    break error;
                }
                was_in_sync = true;
                if let Err(error) = self.poll(&mut connection).await {
                    break error;
                }
            },
            Err(error) => ClientError::Rejected(error),
        };
        Disconnected { reason, was_in_sync }
    }

    /// Makes sure that all of the log is known, and that it knows all that this node knows. From then on,
    /// entries in Redis are used.
    async fn catch_up(&self, connection: &mut Connection) -> Result<(), ClientError> {
        let keyspace = &self.client.keyspace;
        let reply = request(
            connection,
            &purge_stream::state(keyspace, &super::random_name(), self.purges.position()),
        )
        .await?;
        let state = purge_stream::parse_state(&reply).ok_or(ClientError::Unavailable)?;
        let namespace = Some(state.namespace.as_str());
        if self.client.namespace().as_deref() != namespace {
            self.client.set_namespace(None);
            let is_new = *self.current_namespace.lock() != state.namespace;
            self.replay(connection, &state, is_new).await?;
        }
        self.publish_pending(connection, &state.namespace).await?;
        if self.client.namespace().as_deref() != namespace {
            tracing::info!("redis is in use");
            self.current_namespace.lock().clone_from(&state.namespace);
            self.client.set_namespace(Some(state.namespace.into()));
        }
        Ok(())
    }

    /// Reads a log: a new one from its beginning, and adds to it what only this node knows.
    async fn replay(
        &self,
        connection: &mut Connection,
        state: &StreamState,
        is_new: bool,
    ) -> Result<(), ClientError> {
        let keyspace = &self.client.keyspace;
        let known = self.purges.position();
        let mut after = if is_new { Generation::ZERO } else { known };
        let mut known_purges = HashSet::new();
        loop {
            let reply = request(connection, &purge_stream::read_after(keyspace, after)).await?;
            let entries = purge_stream::parse_entries(&reply).ok_or(ClientError::Unavailable)?;
            let Some(last) = entries.last() else { break };
            after = last.position;
            known_purges.extend(entries.iter().filter_map(|entry| entry.purge.clone()));
            self.apply(entries).await;
        }
        if state.last < known {
            // refused if another node was faster
            drop(request(connection, &purge_stream::forward(keyspace, known)).await);
        }
        if is_new {
            let missing = self.purges.all().into_iter().filter(|purge| !known_purges.contains(purge));
            for (scope, at) in missing.collect::<Vec<_>>() {
                request(connection, &purge_stream::add(keyspace, &state.namespace, &scope, Some(at))).await?;
            }
        }
        if !state.is_whole && known < state.first {
            // what was cut off may have concerned whatever is here; others may have seen it
            tracing::warn!("the log of purges begins after what this node knows: its cache counts as purged");
            warn_unless_persisted(self.purges.record(PurgeScope::Everything, state.first).await);
        }
        Ok(())
    }

    /// Sends the purges that could not be sent when they were made.
    async fn publish_pending(&self, connection: &mut Connection, namespace: &str) -> Result<(), ClientError> {
        loop {
            let Some(scope) = self.pending.lock().first().cloned() else { return Ok(()) };
            let reply =
                request(connection, &purge_stream::add(&self.client.keyspace, namespace, &scope, None))
                    .await?;
            let at = purge_stream::parse_added(&reply).ok_or(ClientError::Unavailable)?;
            warn_unless_persisted(self.purges.record(scope.clone(), at).await);
            let mut pending = self.pending.lock();
            if pending.first() == Some(&scope) {
                pending.remove(0);
            }
        }
    }

    /// Waits for entries for a while.
    async fn poll(&self, connection: &mut Connection) -> Result<(), ClientError> {
        let millis = u64::try_from(POLL.as_millis()).unwrap_or(u64::MAX);
        let reply = request(
            connection,
            &purge_stream::read_blocking(&self.client.keyspace, self.purges.position(), millis),
        )
        .await?;
        self.apply(purge_stream::parse_blocking(&reply).ok_or(ClientError::Unavailable)?).await;
        Ok(())
    }

    async fn apply(&self, entries: Vec<StreamEntry>) {
        let Some(last) = entries.last() else { return };
        let position = last.position;
        let purges: Vec<_> = entries.into_iter().filter_map(|entry| entry.purge).collect();
        self.client.purges_received.add(purges.len());
        warn_unless_persisted(self.purges.record_all(purges, position).await);
    }
}

fn warn_unless_persisted(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "a purge is not written down, it may not outlast a restart");
    }
}

/// Why following ended.
struct Disconnected {
    reason: ClientError,
    was_in_sync: bool,
}

async fn request(connection: &mut Connection, command: &Cmd) -> Result<Value, ClientError> {
    match timeout(POLL + GRACE, connection.request(command)).await {
        Ok(result) => result.map_err(ClientError::Rejected),
        Err(_) => Err(ClientError::Timeout),
    }
}
