//! What a simulation counted.

/// Counts of the measured part, after the warm-up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts {
    /// Requests.
    pub requests: u64,
    /// Requests that the memory of their node answered.
    pub memory_hits: u64,
    /// Requests that Redis answered at their first look-up.
    pub redis_hits: u64,
    /// Requests that waited for another one, on the same node or on another.
    pub coalesced: u64,
    /// Variants built.
    pub builds: u64,
    /// Originals fetched.
    pub fetches: u64,
    /// `GET` commands.
    pub gets: u64,
    /// `SET` commands.
    pub sets: u64,
    /// Scripts: leases acquired, asked for in vain, and released.
    pub scripts: u64,
    /// Leases that another node held.
    pub leases_refused: u64,
    /// `PUBLISH` commands. Each is a message to every node.
    pub publishes: u64,
    /// Bytes of bodies that Redis sent.
    pub bytes_out: u64,
    /// Bytes of bodies that were sent to Redis.
    pub bytes_in: u64,
    /// Commands of the shard that had most.
    pub busiest_shard: u64,
    /// Requests of the node that had most.
    pub busiest_node: u64,
    /// The longest time that a request waited, in seconds.
    pub longest_wait: f64,
    /// CPU time of renders, in seconds.
    pub render_seconds: f64,
    /// Simulated time, in seconds.
    pub seconds: f64,
}

impl Counts {
    /// Commands that Redis answered.
    pub fn commands(&self) -> u64 {
        self.gets + self.sets + self.scripts + self.publishes
    }

    /// A part of the requests.
    pub fn share(&self, count: u64) -> f64 {
        count as f64 / self.requests as f64
    }
}
