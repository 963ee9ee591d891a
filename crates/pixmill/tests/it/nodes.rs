//! Two nodes with the same origin and configuration that share a Redis, which can be made to fail.

use std::time::Duration;

use pixmill::{app::Server, config::Config};
use testkit::RedisServer;

use crate::{
    client::{Connection, Response, get},
    fake_origin::FakeOrigin,
    setup::{serve, until},
};

/// Two nodes, with their origin and Redis.
pub struct Nodes {
    pub redis: RedisServer,
    pub origin: FakeOrigin,
    pub one: Server,
    pub two: Server,
}

impl Nodes {
    /// Starts them; none if Redis is not installed.
    pub async fn start(origin: FakeOrigin, change: impl Fn(&mut Config)) -> Option<Self> {
        let redis = RedisServer::start()?;
        let node = async || {
            serve(&origin.url, |config| {
                config.cache.redis.url = redis.url().into();
                // slow responses on a busy machine must not make Redis unavailable
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

    /// Waits until both nodes are connected to Redis.
    pub async fn are_connected(&self) {
        until(async || self.one.is_connected() && self.two.is_connected()).await;
    }

    /// Waits until neither node is connected to Redis.
    pub async fn are_alone(&self) {
        until(async || !self.one.is_connected() && !self.two.is_connected()).await;
    }

    /// Renders started on both nodes.
    pub fn renders(&self) -> u64 {
        self.one.pool().load().begun + self.two.pool().load().begun
    }

    /// Requests a variant from one node, and waits until the other one finds it in Redis.
    pub async fn make_on_one(&self, target: &str) -> Response {
        let answer = get(self.one.address, target).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        self.entries_are(1).await;
        answer
    }

    /// Waits until there are at least this many entries in Redis.
    pub async fn entries_are(&self, least: usize) {
        until(async || self.redis.ask::<Vec<String>>(&["KEYS", "pixmill:*:results:*"]).len() >= least).await;
    }
}

/// Sends a purge to a node.
pub async fn purge(node: &Server, path: &str) -> Response {
    Connection::open(node.admin_address).await.ask("DELETE", path, &[]).await
}
