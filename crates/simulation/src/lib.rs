//! A discrete-event simulation of many nodes with one Redis Cluster: hit rates, fetches, leases and the load of Redis, for numbers
//! of nodes that no test can start.
//!
//! It follows the policy of the server: a look-up in memory, one in Redis, coalescing of concurrent requests on a node, a lease among
//! nodes, an originals cache of each node, write-behind. The memory tier is the server's own [`result_cache::MemoryStore`]; Redis,
//! leases and render threads are modelled. There is no wall clock, and the same seed gives the same result.
//!
//! `loadtests/simulated.py` compares it with real nodes and a real Redis. What it found, and what it leaves out, is
//! in `docs/scale.md`; `make simulate` writes the figures of that page.
//!
//! ```
//! use simulation::{Balancer, Catalogue, Cluster, Traffic, simulate};
//!
//! let catalogue = Catalogue::new(100, 4, 0.9, |_| 20_000, 400_000);
//! let cluster = Cluster { nodes: 2, ..Cluster::default() };
//! let traffic = Traffic { warm_up: 1000, measured: 1000, ..Traffic::default() };
//! let counts = simulate(&catalogue, &cluster, &traffic);
//! assert_eq!(counts.requests, 1000);
//! assert!(counts.memory_hits > counts.redis_hits);
//! ```

mod catalogue;
pub mod chart;
mod cluster;
mod counts;
mod engine;
mod node;
mod random;
mod redis;
pub mod study;

pub use self::{
    catalogue::Catalogue,
    cluster::{Balancer, Cluster, Requests, Traffic},
    counts::Counts,
    engine::simulate,
    random::Random,
};
