//! Follows the shared purge log, so that this node knows each purge at once.

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

/// How long one read of the log blocks; in between, it is checked that it is still the same log.
const POLL: Duration = Duration::from_secs(1);
/// Additional timeout of a reply here, where no request waits.
const GRACE: Duration = Duration::from_millis(500);

/// The reader of the purge log, with a connection of its own, on which it waits for purges.
///
/// While it follows the log, entries in Redis are used. While it cannot, they are not, since some may have been purged.
/// Purges that were made here meanwhile are published first when it follows again.
#[derive(Debug)]
pub(crate) struct PurgeSubscriber {
    client: Arc<Client>,
    purges: Arc<PurgeLog>,
    /// Purges that other nodes were not notified of.
    pending: Mutex<Vec<PurgeScope>>,
    /// The namespace of the log that was read last.
    current_namespace: Mutex<String>,
}

impl PurgeSubscriber {
    /// Starts to follow the log, for the lifetime of the client.
    pub(crate) fn start(client: Arc<Client>, purges: Arc<PurgeLog>) -> Arc<Self> {
        let subscriber =
            Arc::new(Self { client, purges, pending: Mutex::default(), current_namespace: Mutex::default() });
        subscriber.client.threads.spawn(Arc::clone(&subscriber).run());
        subscriber
    }

    /// Publishes a purge to all nodes, this one included. On an error it is not published.
    pub(crate) async fn publish(&self, scope: &PurgeScope) -> Result<(), ClientError> {
        let namespace = self.client.namespace().ok_or(ClientError::Unavailable)?;
        let reply =
            self.client.request(&purge_stream::add(&self.client.keyspace, &namespace, scope, None)).await?;
        let at = purge_stream::parse_added(&reply).ok_or(ClientError::Unavailable)?;
        warn_unless_persisted(self.purges.record(scope.clone(), at).await);
        // work that begins from now on begins after the purge, and may know it
        drop(timeout(GRACE, self.purges.known(at)).await);
        Ok(())
    }

    /// Keeps a purge until it can be published.
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
                tracing::warn!(%reason, "redis unavailable: using local caches only");
            }
            was_connected = false;
            if was_in_sync {
                delay = RECONNECT_DELAYS.0;
            }
            sleep(delay).await;
            delay = (2 * delay).min(RECONNECT_DELAYS.1);
        }
    }

    /// Follows the log until an error.
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

    /// Reads the log to its end, and publishes what only this node knows. From then on, entries in Redis are used.
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
            tracing::info!("redis available: using the shared cache");
            self.current_namespace.lock().clone_from(&state.namespace);
            self.client.set_namespace(Some(state.namespace.into()));
        }
        Ok(())
    }

    /// Reads a log: a new one from its start, and appends what only this node knows.
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
            // the trimmed purges may have applied to entries here; nodes that saw them are not concerned
            tracing::warn!(
                "the purge log was trimmed beyond what this node knows: its whole cache counts as purged"
            );
            warn_unless_persisted(self.purges.record(PurgeScope::Everything, state.first).await);
        }
        Ok(())
    }

    /// Publishes the purges that could not be published when they were made.
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
        tracing::warn!(%error, "a purge was not written to disk: it may be lost at a restart");
    }
}

/// Why following the log ended.
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
