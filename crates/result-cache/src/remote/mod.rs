//! What nodes share by way of a Redis: entries, the log of purges, and leases.

mod config;
mod connection;
mod follower;
mod hearing;
mod lease;
mod link;
mod log;
mod names;
mod roster;
mod store;
mod words;
mod writes;

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::purge::Purges;
use crate::{Error, Key};

pub use config::{RedisConfig, RedisMode};
use connection::Connector;
pub(crate) use follower::Follower;
use lease::fresh_name;
pub use lease::{Claim, Lease, Wait};
pub(crate) use link::{Link, Trouble};
pub use roster::Roster;
pub use store::{RedisSettings, RedisStore};
pub use words::Word;

/// Threads that read and write connections. Entries are decoded where they are wanted.
const WORKERS: usize = 2;

/// The Redis of this node, on threads of its own: connections outlive the worker that uses them first.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) link: Arc<Link>,
    pub(crate) follower: Arc<Follower>,
    threads: Option<Runtime>,
}

impl Remote {
    /// Begins to connect. Whether that succeeds, now or later, is not waited for; an error means that what is
    /// configured cannot be used at all.
    pub(crate) fn open(config: &RedisConfig, purges: Arc<Purges>) -> Result<Self, Error> {
        // the client's errors may name addresses
        let connector =
            Connector::new(config).map_err(|error| Error::Start(format!("redis: {}", error.category())))?;
        let threads = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("cache-redis")
            .enable_all()
            .build()
            .map_err(Error::start)?;
        let link = Link::open(config, connector, threads.handle());
        let follower = Follower::start(Arc::clone(&link), purges);
        Ok(Self { link, follower, threads: Some(threads) })
    }

    /// Asks for the lease of this key.
    pub(crate) async fn claim(&self, key: Key) -> Claim {
        lease::claim(&self.link, key).await
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            // waiting for them is forbidden on a worker of another runtime
            threads.shutdown_background();
        }
    }
}
