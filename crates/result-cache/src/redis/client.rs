//! The Redis client of this node: a pool of connections that are kept open, and a timeout for every request.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use redis::{Cmd, PushInfo, RedisError, Value};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

use super::config::RedisConfig;
use super::connection::{Connection, Connector};
use super::keyspace::Keyspace;
use super::liveness::Liveness;
use super::notifications::Notifications;
use super::replacements::Replacements;
use crate::breaker::Breaker;
use crate::stats::Counter;

/// How long the circuit breaker stays open: each time it closes costs a few requests one timeout, and it delays
/// recovery by no more than itself.
const BACKOFF: Duration = Duration::from_secs(1);
/// The timeout of a write, as a multiple of that of a request.
const WRITE_TIMEOUT_FACTOR: u32 = 4;
/// Additional time of a write: bytes per millisecond on a slow network.
const WRITE_BYTES_PER_MILLISECOND: usize = 10_000;
/// First and longest delay between attempts to connect.
pub(super) const RECONNECT_DELAYS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The connections of this node, and whether they are usable.
///
/// No request opens a connection: each connection has a task that reopens it when it breaks. Without an open
/// connection, and while the circuit breaker is open, requests fail at once.
pub(crate) struct Client {
    pub(super) keyspace: Keyspace,
    pub(super) connector: Connector,
    pub(super) threads: Handle,
    pub(super) request_timeout: Duration,
    pub(super) notifications: Notifications,
    pub(super) replacements: Replacements,
    pub(super) failures: Counter,
    pub(crate) leases: LeaseCounters,
    pub(crate) purges_received: Counter,
    connections: Vec<PooledConnection>,
    next_index: AtomicUsize,
    breaker: Breaker,
    liveness: Liveness,
    /// The namespace of valid entries, while this node follows the purge log.
    namespace: RwLock<Option<Arc<str>>>,
}

/// Counters of leases.
#[derive(Default)]
pub(crate) struct LeaseCounters {
    pub(crate) granted: Counter,
    pub(crate) refused: Counter,
    pub(crate) taken_over: Counter,
}

/// One connection of the pool.
#[derive(Default)]
struct PooledConnection {
    open: Mutex<Option<(u64, Connection)>>,
    epoch: AtomicU64,
    broken: Notify,
}

/// Why a request failed.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// There is no connection, or the circuit breaker is open.
    Unavailable,
    /// No reply within the timeout.
    Timeout,
    /// Redis replied with an error, or the connection broke.
    Rejected(RedisError),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => f.write_str("no connection"),
            Self::Timeout => f.write_str("no reply within the timeout"),
            // the category and the code, never an address
            Self::Rejected(error) => match error.code() {
                Some(code @ ("WRONGPASS" | "NOAUTH")) => {
                    write!(f, "redis rejects the user and password of cache.redis.url: {code}")
                }
                Some(code @ "NOPERM") => write!(f, "the user of cache.redis.url lacks a permission: {code}"),
                Some(code) => write!(f, "{}: {code}", error.category()),
                None => f.write_str(error.category()),
            },
        }
    }
}

impl Client {
    /// Starts to connect, on these threads, and returns at once.
    pub(crate) fn open(config: &RedisConfig, connector: Connector, threads: &Handle) -> Arc<Self> {
        let client = Arc::new(Self {
            keyspace: Keyspace::new(&config.prefix),
            connector,
            threads: threads.clone(),
            request_timeout: config.timeout,
            notifications: Notifications::default(),
            replacements: Replacements::default(),
            failures: Counter::default(),
            leases: LeaseCounters::default(),
            purges_received: Counter::default(),
            connections: (0..config.connections.max(1)).map(|_| PooledConnection::default()).collect(),
            next_index: AtomicUsize::new(0),
            breaker: Breaker::new(BACKOFF),
            liveness: Liveness::default(),
            namespace: RwLock::new(None),
        });
        for number in 0..client.connections.len() {
            threads.spawn(Arc::clone(&client).keep_connected(number));
        }
        client
    }

    /// Sends a request and waits for its reply, for at most the timeout.
    pub(crate) async fn request(&self, command: &Cmd) -> Result<Value, ClientError> {
        self.request_within(self.request_timeout, command).await
    }

    /// Writes an entry: nobody waits for that, and a large entry takes longer.
    pub(super) async fn write(&self, command: &Cmd, bytes: usize) -> Result<Value, ClientError> {
        let transfer = Duration::from_millis((bytes / WRITE_BYTES_PER_MILLISECOND) as u64);
        self.request_within(WRITE_TIMEOUT_FACTOR * self.request_timeout + transfer, command).await
    }

    /// The namespace of valid entries; none while this node does not know the purges.
    pub(crate) fn namespace(&self) -> Option<Arc<str>> {
        self.namespace.read().clone()
    }

    pub(super) fn set_namespace(&self, namespace: Option<Arc<str>>) {
        *self.namespace.write() = namespace;
    }

    async fn request_within(&self, request_timeout: Duration, command: &Cmd) -> Result<Value, ClientError> {
        if !self.breaker.allows(Instant::now()) {
            return Err(ClientError::Unavailable);
        }
        let Some((pooled, epoch, mut connection)) = self.next_connection() else {
            return Err(ClientError::Unavailable);
        };
        let error = match timeout(request_timeout, connection.request(command)).await {
            Ok(Ok(answer)) => {
                self.liveness.record_reply();
                self.breaker.succeeded(Instant::now());
                return Ok(answer);
            }
            Ok(Err(error)) => {
                if needs_another_connection(&error) {
                    pooled.close(epoch);
                } else if !error.is_io_error() {
                    // an error reply is a reply
                    self.liveness.record_reply();
                    self.breaker.succeeded(Instant::now());
                    return Err(ClientError::Rejected(error));
                }
                ClientError::Rejected(error)
            }
            Err(_) => ClientError::Timeout,
        };
        self.record_failure(&error);
        Err(error)
    }

    fn record_failure(&self, error: &ClientError) {
        self.failures.add_one();
        let now = Instant::now();
        // a request for an image sends several requests in sequence: waiting for each would add up
        let is_unresponsive = matches!(error, ClientError::Timeout)
            && !self.liveness.replied_within(self.request_timeout / 2, now);
        let opens = if is_unresponsive { self.breaker.trip(now) } else { self.breaker.failed(now) };
        if opens {
            tracing::warn!(reason = %error, "circuit breaker open for redis: not used for {BACKOFF:?}");
            // a connection may hang though its server works
            self.connections.iter().for_each(PooledConnection::close_current);
            // purges may be on their way: the log is read to its end before entries are used again
            self.set_namespace(None);
        }
    }

    /// Whether entries in Redis are used now.
    pub(crate) fn is_connected(&self) -> bool {
        self.namespace().is_some() && self.is_open()
    }

    fn is_open(&self) -> bool {
        self.connections.iter().any(|pooled| pooled.open.lock().is_some())
    }

    /// The next open connection, in turn.
    fn next_connection(&self) -> Option<(&PooledConnection, u64, Connection)> {
        let next_index = self.next_index.fetch_add(1, Relaxed) % self.connections.len();
        let (before, after) = self.connections.split_at(next_index);
        let mut connections = after.iter().chain(before);
        connections.find_map(|pooled| {
            pooled.open.lock().clone().map(|(epoch, connection)| (pooled, epoch, connection))
        })
    }

    /// Keeps one connection open. The first one also receives notifications.
    async fn keep_connected(self: Arc<Self>, number: usize) {
        let pooled = &self.connections[number];
        let mut delay = RECONNECT_DELAYS.0;
        loop {
            match self.connect(number).await {
                Ok(connection) => {
                    delay = RECONNECT_DELAYS.0;
                    let epoch = pooled.epoch.fetch_add(1, Relaxed);
                    *pooled.open.lock() = Some((epoch, connection));
                    pooled.broken.notified().await;
                }
                Err(error) => {
                    let reason = ClientError::Rejected(error);
                    tracing::debug!(%reason, "cannot connect to redis");
                }
            }
            sleep(delay).await;
            delay = (2 * delay).min(RECONNECT_DELAYS.1);
        }
    }

    async fn connect(self: &Arc<Self>, number: usize) -> Result<Connection, RedisError> {
        if number > 0 {
            return self.connector.open(None).await;
        }
        let (sender, messages) = unbounded_channel();
        let mut connection = self.connector.open(Some(sender)).await?;
        connection.subscribe(&self.keyspace.notifications()).await?;
        self.threads.spawn(Arc::clone(self).dispatch_pushes(messages));
        Ok(connection)
    }

    /// Dispatches what is published, until the connection ends.
    async fn dispatch_pushes(self: Arc<Self>, mut messages: UnboundedReceiver<PushInfo>) {
        while let Some(push) = messages.recv().await {
            self.notifications.dispatch(&push);
            self.replacements.dispatch(&push);
        }
    }
}

impl PooledConnection {
    /// Closes the connection, unless it was replaced already.
    fn close(&self, epoch: u64) {
        let mut open = self.open.lock();
        if open.as_ref().is_some_and(|(number, _)| *number == epoch) {
            *open = None;
            self.broken.notify_one();
        }
    }

    fn close_current(&self) {
        if self.open.lock().take().is_some() {
            self.broken.notify_one();
        }
    }
}

/// Whether the server behind the connection is gone, or is no longer the master.
fn needs_another_connection(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_connection_dropped()
        || matches!(error.code(), Some("READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN"))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("keyspace", &self.keyspace)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}
