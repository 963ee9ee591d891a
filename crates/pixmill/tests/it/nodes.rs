//! Two equal nodes before one origin, sharing one Redis that can be made to fail.

use std::time::Duration;

use pixmill::{app::Server, config::Config};
use testkit::RedisServer;

use crate::{
    client::{Connection, Response, get},
    fake_origin::FakeOrigin,
    setup::{serve, until},
};

/// Two nodes, and what they share.
pub struct Nodes {
    pub redis: RedisServer,
    pub origin: FakeOrigin,
    pub one: Server,
    pub two: Server,
}

impl Nodes {
    /// Starts them; nothing where there is no Redis to start.
    pub async fn start(origin: FakeOrigin, change: impl Fn(&mut Config)) -> Option<Self> {
        let redis = RedisServer::start()?;
        let node = async || {
            serve(&origin.url, |config| {
                config.cache.redis.url = redis.url().into();
                // a busy machine is no broken Redis
                config.cache.redis.timeout = Duration::from_secs(5);
                change(config);
            })
            .await
        };
        let (one, two) = (node().await, node().await);
        let nodes = Self { redis, origin, one, two };
        nodes.are_connected().await;
        Some(nodes)
    }

    /// Waits until both nodes use the Redis.
    pub async fn are_connected(&self) {
        until(async || self.one.is_connected() && self.two.is_connected()).await;
    }

    /// Waits until neither does.
    pub async fn are_alone(&self) {
        until(async || !self.one.is_connected() && !self.two.is_connected()).await;
    }

    /// Renders that were begun on both nodes.
    pub fn renders(&self) -> u64 {
        self.one.pool().load().begun + self.two.pool().load().begun
    }

    /// Has one node answer, and waits until the other finds it in Redis.
    pub async fn make_on_one(&self, target: &str) -> Response {
        let answer = get(self.one.address, target).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        self.entries_are(1).await;
        answer
    }

    /// Waits until there are so many entries in Redis.
    pub async fn entries_are(&self, least: usize) {
        until(async || self.redis.ask::<Vec<String>>(&["KEYS", "pixmill:*:results:*"]).len() >= least).await;
    }
}

/// Purges by way of a node.
pub async fn purge(node: &Server, path: &str) -> Response {
    Connection::open(node.admin_address).await.ask("DELETE", path, &[]).await
}
