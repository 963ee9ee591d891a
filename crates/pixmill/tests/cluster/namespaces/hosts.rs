//! What runs on the hosts: Redis, two nodes, and what a test knows of them.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    rc::Rc,
};

use tokio::net::TcpStream;

use super::network::{Network, address};
use crate::{
    load::{self, Load, until},
    node::{Node, settings},
    pictures::{Picture, samples, variants},
};

/// Hosts of the nodes.
pub const NODES: [u8; 2] = [2, 3];
/// Host of Redis.
pub const REDIS: u8 = 10;
/// Hosts of origins.
pub const ORIGINS: [u8; 2] = [20, 21];

/// Number of requests completed before, during and after a fault.
pub const REQUESTS: usize = 60;

/// Redis on its host, killed when dropped.
struct Redis(Child);

impl Redis {
    async fn start(network: &Network) -> Self {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &network.space(REDIS), "redis-server", "--save", ""]);
        command.args(["--bind", &address(REDIS), "--protected-mode", "no"]).stdout(Stdio::null());
        let redis = Self(command.spawn().unwrap());
        until("Redis listens", async || TcpStream::connect(redis_address()).await.is_ok()).await;
        redis
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn redis_address() -> SocketAddr {
    format!("{}:6379", address(REDIS)).parse().unwrap()
}

/// The URL of Redis.
pub fn redis_url() -> String {
    format!("redis://{}", redis_address())
}

/// Two nodes and a Redis. Fields are dropped in this order: processes before their network.
pub struct Apart {
    pub nodes: [Node; 2],
    _redis: Redis,
    pub network: Network,
}

/// A network in which no node runs yet. None, with a line that says so, if it cannot be made.
pub fn network() -> Option<Network> {
    if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: no redis-server here");
        return None;
    }
    Network::build(&[&NODES[..], &[REDIS], &ORIGINS].concat())
}

impl Apart {
    /// Starts Redis, and nodes with this origin. `more` are further settings of each node.
    pub async fn start(network: Network, origin: &str, more: [&[(&str, &str)]; 2]) -> Self {
        let redis = Redis::start(&network).await;
        let url = redis_url();
        let node = |host: u8, more: &[(&str, &str)]| {
            let own = format!("{}:0", address(host));
            let shared = [
                ("PIXMILL__LISTEN__ADDRESS", own.as_str()),
                ("PIXMILL__ADMIN__ADDRESS", &own),
                ("PIXMILL__CACHE__REDIS__URL", &url),
                // less than the pictures, so that most requests look up Redis
                ("PIXMILL__CACHE__MEMORY__MAX_BYTES", "2MiB"),
                ("PIXMILL__CACHE__MEMORY__ORIGINALS_PERCENT", "50"),
            ];
            let all = [&shared[..], more].concat();
            Node::start_in(Some(&network.space(host)), program(), settings(origin, &all))
        };
        let nodes = [node(NODES[0], more[0]), node(NODES[1], more[1])];
        Self { nodes, _redis: redis, network }
    }

    /// Starts them with the sample pictures as originals, and the pictures to request.
    pub async fn with_samples(more: [&[(&str, &str)]; 2]) -> Option<(Self, Rc<Vec<Picture>>)> {
        let pictures = network()?;
        let apart = Self::start(pictures, &samples(), more).await;
        let pictures = variants(24).await;
        apart.shares(1000).await;
        Some((apart, pictures))
    }

    /// Puts load on both nodes.
    pub fn load(&self, pictures: &Rc<Vec<Picture>>) -> Load {
        Load::put(&self.nodes.each_ref().map(|node| node.address), pictures, 3)
    }

    /// Waits until one node finds a variant of the other in Redis. Requests widths from `first` on.
    pub async fn shares(&self, first: u32) {
        let client = load::client();
        let mut width = first;
        until("one node has what the other made", async || {
            width += 1;
            let target = format!("/coffee.png?width={width}&format=jpeg");
            let [one, two] = &self.nodes;
            load::ask(&client, one.address, &target).await.unwrap();
            load::ask(&client, two.address, &target).await.unwrap().source == "hit-redis"
        })
        .await;
    }

    /// Waits until a node uses Redis (`true`), or goes on without it.
    pub async fn uses_redis(&self, node: usize, expected: bool) {
        let what = format!("node {node} uses redis: {expected}");
        until(&what, async || self.sees_redis(node).await == expected).await;
    }

    /// Whether a node uses Redis.
    pub async fn sees_redis(&self, node: usize) -> bool {
        self.count(node, "pixmill_redis_connected", "").await == 1
    }

    /// Operations of Redis that failed on a node.
    pub async fn redis_failures(&self, node: usize) -> u64 {
        self.count(node, "pixmill_cache_failures_total", "tier=\"redis\"").await
    }

    /// The sum of the series of a metric whose labels contain a text.
    pub async fn count(&self, node: usize, metric: &str, label: &str) -> u64 {
        load::sum(self.nodes[node].admin, metric, label).await
    }
}

pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_pixmill"))
}
