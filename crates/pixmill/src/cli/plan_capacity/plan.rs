//! The formulas. They are explained, with the sources of their constants, in `docs/scale.md`.

use std::fmt::Write;

use serde::Serialize;

use super::figures::MeanMiss;

/// Memory of a node besides its cache and its renders, in bytes (`docs/operations.md`).
const NODE_BYTES: f64 = 100e6;
/// Memory of the most expensive render, in bytes, for each render thread (`docs/operations.md`).
const RENDER_BYTES: f64 = 500e6;
/// Commands that a miss costs Redis at most: two look-ups of the result, four of the original, one of the quarantine, acquiring
/// and releasing the lease, the write.
const COMMANDS_PER_MISS: f64 = 10.0;
/// Bytes of an entry in Redis besides its body: the key, headers, and the records of Redis.
const ENTRY_BYTES: f64 = 600.0;
/// Memory of Redis per byte of entries: rounding of its allocator, and fragmentation.
const REDIS_OVERHEAD: f64 = 1.25;

/// The load and the machines.
#[derive(Debug, Clone, Copy)]
pub struct Demand {
    /// Requests per second that reach the nodes.
    pub requests: f64,
    /// The part of the requests that a cache answers.
    pub hit_rate: f64,
    /// The part of the hits that are found in Redis, not on the node.
    pub redis_share: f64,
    /// The part of the CPU time that stays free.
    pub headroom: f64,
    /// Cores of a node, and its render threads.
    pub node_cores: u32,
    /// Memory of a node in bytes.
    pub node_memory: u64,
    /// Nodes that may fail at the same time.
    pub spare_nodes: u32,
    /// Variants that Redis holds, if its memory is wanted.
    pub variants: Option<u64>,
    /// CPU time of a hit, in seconds.
    pub hit_cpu: f64,
    /// Bytes of a mean original.
    pub original_bytes: f64,
}

/// What the load needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CapacityPlan {
    /// Renders per second.
    pub renders_per_second: f64,
    /// CPU time of a mean render, in milliseconds.
    pub cpu_ms_per_render: f64,
    /// Bytes of a mean response.
    pub bytes_per_response: f64,
    /// Cores that are busy all the time.
    pub busy_cores: f64,
    /// Nodes, the spare ones included.
    pub nodes: u64,
    /// Cores of all nodes.
    pub cores: u64,
    /// Memory of all nodes, in bytes.
    pub memory_bytes: u64,
    /// The largest `cache.memory.max_bytes` of a node.
    pub cache_bytes_per_node: u64,
    /// Sent to clients by each node while all are up, in bytes per second.
    pub sent_bytes_per_second_per_node: f64,
    /// Fetched from origins, in bytes per second, if no original is cached.
    pub origin_bytes_per_second: f64,
    /// The load of Redis.
    pub redis: RedisPlan,
}

/// The load of Redis, of all its shards together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RedisPlan {
    /// Commands per second.
    pub commands_per_second: f64,
    /// Sent by Redis, in bytes per second.
    pub read_bytes_per_second: f64,
    /// Sent to Redis, in bytes per second.
    pub written_bytes_per_second: f64,
    /// `maxmemory`, in bytes; absent if the number of variants is unknown.
    pub memory_bytes: Option<u64>,
}

/// Computes the plan. Fails if no node of this size can work.
pub fn plan(demand: &Demand, miss: MeanMiss) -> Result<CapacityPlan, String> {
    let Demand { requests, hit_rate, headroom, node_cores, node_memory, .. } = *demand;
    let cores = f64::from(node_cores);
    let needed = NODE_BYTES + RENDER_BYTES * cores;
    let cache = node_memory as f64 - needed;
    if cache <= 0.0 {
        let (needed, given) = (needed / 1e9, node_memory as f64 / 1e9);
        return Err(format!(
            "a node of {node_cores} cores needs more than {needed:.1} GB of memory (100 MB, and 500 MB per core), got {given:.1} GB"
        ));
    }
    let renders = requests * (1.0 - hit_rate);
    let busy = renders * miss.cpu_ms / 1000.0 + requests * demand.hit_cpu;
    let needed_nodes = (busy / (cores * (1.0 - headroom))).ceil().max(1.0) as u64;
    let nodes = needed_nodes + u64::from(demand.spare_nodes);
    Ok(CapacityPlan {
        renders_per_second: renders,
        cpu_ms_per_render: miss.cpu_ms,
        bytes_per_response: miss.bytes,
        busy_cores: busy,
        nodes,
        cores: nodes * u64::from(node_cores),
        memory_bytes: nodes.saturating_mul(node_memory),
        cache_bytes_per_node: cache as u64,
        sent_bytes_per_second_per_node: requests * miss.bytes / nodes as f64,
        origin_bytes_per_second: renders * demand.original_bytes,
        redis: redis(demand, miss),
    })
}

fn redis(demand: &Demand, miss: MeanMiss) -> RedisPlan {
    let hits = demand.requests * demand.hit_rate * demand.redis_share;
    let misses = demand.requests * (1.0 - demand.hit_rate);
    let entry = miss.bytes + ENTRY_BYTES;
    RedisPlan {
        commands_per_second: hits + COMMANDS_PER_MISS * misses,
        read_bytes_per_second: hits * entry,
        written_bytes_per_second: misses * entry,
        memory_bytes: demand.variants.map(|variants| (variants as f64 * entry * REDIS_OVERHEAD) as u64),
    }
}

impl CapacityPlan {
    /// The plan for people.
    pub fn text(&self, demand: &Demand) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            writeln!(text, "{name:28}{value}").expect("invariant: a string can be written");
        };
        line(
            "renders",
            format!(
                "{:.1} per second, {:.1} ms of CPU each",
                self.renders_per_second, self.cpu_ms_per_render
            ),
        );
        line("busy cores", format!("{:.2}", self.busy_cores));
        let (spare, cores) = (demand.spare_nodes, demand.node_cores);
        line("nodes", format!("{} of {cores} cores, {spare} of them to spare", self.nodes));
        line("cores, memory of all nodes", format!("{}, {}", self.cores, size(self.memory_bytes as f64)));
        line(
            "cache.memory.max_bytes",
            format!("at most {} per node", size(self.cache_bytes_per_node as f64)),
        );
        line("sent to clients", format!("{}/s per node", size(self.sent_bytes_per_second_per_node)));
        line("fetched from origins", format!("at most {}/s", size(self.origin_bytes_per_second)));
        line("Redis commands", format!("{:.0} per second", self.redis.commands_per_second));
        let (read, written) = (self.redis.read_bytes_per_second, self.redis.written_bytes_per_second);
        line("Redis bandwidth", format!("{}/s out, {}/s in", size(read), size(written)));
        let memory = self.redis.memory_bytes.map(|bytes| size(bytes as f64));
        line("Redis memory", memory.unwrap_or_else(|| "unknown without --variants".to_owned()));
        text
    }
}

/// Bytes in the unit that fits.
fn size(bytes: f64) -> String {
    match bytes {
        _ if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        _ if bytes >= 1e6 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.1} kB", bytes / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMAND: Demand = Demand {
        requests: 1000.0,
        hit_rate: 0.9,
        redis_share: 0.5,
        headroom: 0.5,
        node_cores: 4,
        node_memory: 8_000_000_000,
        spare_nodes: 1,
        variants: Some(1_000_000),
        hit_cpu: 0.0,
        original_bytes: 500_000.0,
    };
    const MISS: MeanMiss = MeanMiss { cpu_ms: 50.0, bytes: 19_400.0 };

    #[test]
    fn a_plan_follows_from_the_formulas() {
        let plan = plan(&DEMAND, MISS).unwrap();
        // 100 renders/s × 50 ms = 5 busy cores; half of 4 cores is to be used: 3 nodes and a spare one
        assert!((plan.busy_cores - 5.0).abs() < 1e-9, "{plan:?}");
        assert_eq!((plan.nodes, plan.cores, plan.memory_bytes), (4, 16, 32_000_000_000));
        assert_eq!(plan.cache_bytes_per_node, 5_900_000_000);
        let near =
            |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found} {plan:?}");
        near(plan.sent_bytes_per_second_per_node, 1000.0 * 19_400.0 / 4.0);
        near(plan.origin_bytes_per_second, 100.0 * 500_000.0);
        near(plan.redis.commands_per_second, 450.0 + 10.0 * 100.0);
        near(plan.redis.read_bytes_per_second, 450.0 * 20_000.0);
        near(plan.redis.written_bytes_per_second, 100.0 * 20_000.0);
        assert_eq!(plan.redis.memory_bytes, Some(25_000_000_000));
    }

    #[test]
    fn hits_cost_cpu_too() {
        let demand = Demand { hit_rate: 1.0, hit_cpu: 1e-3, ..DEMAND };
        assert!((plan(&demand, MISS).unwrap().busy_cores - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_node_without_memory_for_a_cache_is_refused() {
        let refused = plan(&Demand { node_memory: 2_000_000_000, ..DEMAND }, MISS).unwrap_err();
        assert_eq!(
            refused,
            "a node of 4 cores needs more than 2.1 GB of memory (100 MB, and 500 MB per core), got 2.0 GB"
        );
    }
}
