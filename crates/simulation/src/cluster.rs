//! What is simulated: the nodes with their Redis, the traffic, and the sequence of requests.

use crate::{
    Catalogue,
    random::{Random, hash},
};

/// How requests are distributed among nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balancer {
    /// Any node.
    Random,
    /// One of this many nodes, which the hash of the original selects: consistent hashing.
    Hash(u32),
}

/// The nodes and their Redis.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Number of nodes.
    pub nodes: u32,
    /// Distribution of requests.
    pub balancer: Balancer,
    /// Memory tier of results, in bytes.
    pub results_bytes: u64,
    /// Memory tier of originals, in bytes.
    pub originals_bytes: u64,
    /// `cache.max_entry_bytes`, which decides into how many shards the memory tier is divided.
    pub max_entry_bytes: u64,
    /// Render threads of a node.
    pub threads: u32,
    /// Memory of Redis, in bytes.
    pub redis_bytes: u64,
    /// Shards of the Redis Cluster.
    pub shards: u32,
    /// Time from a command to its reply, in nanoseconds.
    pub redis_time: u64,
    /// Time of a fetch, in nanoseconds.
    pub fetch_time: u64,
    /// CPU times of a render, in nanoseconds: a variant has one of them, by its number.
    pub render_times: Vec<u64>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            nodes: 1,
            balancer: Balancer::Random,
            results_bytes: 48 << 20,
            originals_bytes: 16 << 20,
            max_entry_bytes: 16 << 20,
            threads: 4,
            redis_bytes: 2 << 30,
            shards: 3,
            redis_time: 500_000,
            fetch_time: 50_000_000,
            render_times: vec![40_000_000],
        }
    }
}

/// The requests.
#[derive(Debug, Clone)]
pub struct Traffic {
    /// Requests per second of all nodes together.
    pub rate: f64,
    /// Requests before the measured ones.
    pub warm_up: u64,
    /// Requests that are counted.
    pub measured: u64,
    /// Whether Redis has the most popular variants at the start, as many as it can hold.
    pub redis_is_warm: bool,
    /// Selects the sequence of requests.
    pub seed: u64,
}

impl Default for Traffic {
    fn default() -> Self {
        Self { rate: 200.0, warm_up: 8000, measured: 4000, redis_is_warm: false, seed: 1 }
    }
}

/// The sequence of requests: which variant, and at which node. A test can send the same sequence to real nodes.
#[derive(Debug)]
pub struct Requests<'a> {
    catalogue: &'a Catalogue,
    nodes: u32,
    balancer: Balancer,
    variants: Random,
    choices: Random,
}

impl<'a> Requests<'a> {
    /// The sequence of a seed.
    pub fn new(catalogue: &'a Catalogue, cluster: &Cluster, seed: u64) -> Self {
        let Cluster { nodes, balancer, .. } = *cluster;
        Self { catalogue, nodes, balancer, variants: Random::new(seed), choices: Random::new(!seed) }
    }
}

impl Iterator for Requests<'_> {
    /// The variant and the node.
    type Item = (u32, u32);

    fn next(&mut self) -> Option<Self::Item> {
        let variant = self.catalogue.request(&mut self.variants);
        let node = match self.balancer {
            Balancer::Random => self.choices.below(self.nodes as usize) as u64,
            Balancer::Hash(choices) => {
                let choice = self.choices.below(choices as usize) as u64;
                hash(u64::from(self.catalogue.original_of(variant)) << 8 | choice) % u64::from(self.nodes)
            }
        };
        Some((variant, node as u32))
    }
}
