//! The Redis tier: shared entries, the shared purge log, leases, and the membership of nodes.

mod client;
mod config;
mod connection;
mod keyspace;
mod lease;
mod liveness;
mod membership;
mod notifications;
mod purge_stream;
mod purge_subscriber;
mod replacements;
mod store;
mod write_behind;

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::purge::PurgeLog;
use crate::{Error, Key};

pub(crate) use client::{Client, ClientError};
pub use config::{RedisConfig, RedisMode};
use connection::Connector;
use lease::random_name;
pub use lease::{Lease, LeaseOutcome, LeaseWaiter};
pub use membership::Membership;
pub use notifications::Notification;
pub(crate) use purge_subscriber::PurgeSubscriber;
pub use store::{RedisSettings, RedisStore};

/// Threads that read and write connections. Entries are decoded by their callers.
const WORKERS: usize = 2;

/// The Redis of this node, with threads of its own: connections outlive the worker that uses them first.
#[derive(Debug)]
pub(crate) struct Redis {
    pub(crate) client: Arc<Client>,
    pub(crate) subscriber: Arc<PurgeSubscriber>,
    threads: Option<Runtime>,
}

impl Redis {
    /// Starts to connect and returns at once.
    ///
    /// # Errors
    ///
    /// If the configuration cannot be used at all. A Redis that does not answer is no error.
    pub(crate) fn open(config: &RedisConfig, purges: Arc<PurgeLog>) -> Result<Self, Error> {
        // errors of the client library may contain addresses
        let connector =
            Connector::new(config).map_err(|error| Error::Start(format!("redis: {}", error.category())))?;
        let threads = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("cache-redis")
            .enable_all()
            .build()
            .map_err(Error::start)?;
        let client = Client::open(config, connector, threads.handle());
        let subscriber = PurgeSubscriber::start(Arc::clone(&client), purges);
        Ok(Self { client, subscriber, threads: Some(threads) })
    }

    /// Acquires the lease of this key.
    pub(crate) async fn acquire_lease(&self, key: Key) -> LeaseOutcome {
        lease::acquire(&self.client, key).await
    }

    /// Tells other nodes that the entry under the key was replaced.
    pub(crate) async fn announce_replacement(&self, key: &Key) {
        replacements::announce(&self.client, key).await;
    }

    /// The keys whose entries other nodes replace.
    pub(crate) fn replacements(&self) -> UnboundedReceiver<Key> {
        self.client.replacements.subscribe()
    }

    /// Runs a task for as long as the connections are kept.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.client.threads.spawn(task);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            // waiting for them is forbidden on a worker of another runtime
            threads.shutdown_background();
        }
    }
}
