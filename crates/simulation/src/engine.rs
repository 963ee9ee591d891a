//! The events: requests arrive, Redis replies, originals arrive, renders end.

use std::{cmp::Reverse, collections::BinaryHeap, mem::take};

use result_cache::Key;

use crate::{
    Catalogue, Cluster, Counts, Requests, Traffic,
    catalogue::key,
    node::Node,
    random::{Random, hash},
    redis::Redis,
};

/// How long an operation waits for the lease of another node before it asks again: as in the server, in nanoseconds.
const NOTIFICATION_TIMEOUT: u64 = 250_000_000;

/// What happens at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrival,
    /// Redis answers the first look-up of a request: node, variant, time of the request.
    LookedUp(u32, u32, u64),
    /// Redis answers for the lease of an operation.
    LeaseAnswered(u32),
    /// Redis answers the look-up of an operation that holds the lease, or not.
    OperationLookedUp(u32, bool),
    /// An original arrives at a node.
    Fetched(u32, u32),
    Rendered(u32),
    /// A variant is in Redis; whether its lease is to be released.
    Written(u32, bool),
    /// The lease of a variant is released.
    Released(u32),
    /// An operation is told that a variant is in Redis; the number of its wait.
    Notified(u32, u64),
    /// An operation has waited too long; the number of its wait.
    WaitedTooLong(u32, u64),
}

/// The search for one variant on one node, and the requests that wait for it.
#[derive(Debug, Default)]
struct Operation {
    node: u32,
    variant: u32,
    waiting: Vec<u64>,
    /// Increases with each wait, so that outdated events are recognised.
    wait: u64,
    is_notified: bool,
    is_looking: bool,
    holds_lease: bool,
}

struct Simulation<'a> {
    catalogue: &'a Catalogue,
    cluster: &'a Cluster,
    requests: Requests<'a>,
    gaps: Random,
    result_keys: Vec<Key>,
    nodes: Vec<Node>,
    redis: Redis,
    operations: Vec<Operation>,
    free: Vec<u32>,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    now: u64,
    counts: Counts,
}

/// Simulates the requests, and counts what they cost.
pub fn simulate(catalogue: &Catalogue, cluster: &Cluster, traffic: &Traffic) -> Counts {
    let mut simulation = Simulation::new(catalogue, cluster, traffic);
    if traffic.redis_is_warm {
        simulation.warm_redis();
    }
    simulation.let_arrive(traffic, traffic.warm_up);
    simulation.reset_counts();
    let started = simulation.now;
    simulation.let_arrive(traffic, traffic.measured);
    simulation.counts.seconds = (simulation.now - started) as f64 / 1e9;
    simulation.drain();
    let Simulation { mut counts, redis, nodes, .. } = simulation;
    counts.busiest_shard = redis.commands.into_iter().max().unwrap_or_default();
    counts.busiest_node = nodes.iter().map(|node| node.requests).max().unwrap_or_default();
    counts
}

impl<'a> Simulation<'a> {
    fn new(catalogue: &'a Catalogue, cluster: &'a Cluster, traffic: &Traffic) -> Self {
        Self {
            catalogue,
            cluster,
            requests: Requests::new(catalogue, cluster, traffic.seed),
            gaps: Random::new(traffic.seed ^ 0xA5A5),
            result_keys: (0..catalogue.variants()).map(key).collect(),
            nodes: (0..cluster.nodes).map(|_| Node::new(cluster)).collect(),
            redis: Redis::new(cluster.redis_bytes, cluster.shards),
            operations: Vec::new(),
            free: Vec::new(),
            events: BinaryHeap::new(),
            sequence: 0,
            now: 0,
            counts: Counts::default(),
        }
    }

    /// Stores all variants, the most popular ones last.
    fn warm_redis(&mut self) {
        for variant in (0..self.catalogue.variants()).rev() {
            self.redis.store(variant, self.catalogue.bytes(variant));
        }
    }

    fn reset_counts(&mut self) {
        self.counts = Counts::default();
        self.redis.commands.fill(0);
        for node in &mut self.nodes {
            node.requests = 0;
        }
    }

    /// Lets so many requests arrive, at random times: a Poisson process.
    fn let_arrive(&mut self, traffic: &Traffic, number: u64) {
        let mut left = number;
        while left > 0 {
            let gap = -(1.0 - self.gaps.unit()).ln() / traffic.rate;
            self.after((gap * 1e9) as u64, Event::Arrival);
            while self.step() != Some(Event::Arrival) {}
            left -= 1;
        }
    }

    /// Lets everything end that has begun.
    fn drain(&mut self) {
        while self.step().is_some() {}
    }

    fn after(&mut self, delay: u64, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((self.now + delay, self.sequence, event)));
    }

    /// The next event happens.
    fn step(&mut self) -> Option<Event> {
        let Reverse((time, _, event)) = self.events.pop()?;
        self.now = time;
        match event {
            Event::Arrival => self.arrive(),
            Event::LookedUp(node, variant, since) => self.looked_up(node, variant, since),
            Event::LeaseAnswered(operation) => self.lease_answered(operation),
            Event::OperationLookedUp(operation, is_final) => self.operation_looked_up(operation, is_final),
            Event::Fetched(node, original) => self.fetched(node, original),
            Event::Rendered(operation) => self.rendered(operation),
            Event::Written(variant, has_lease) => self.written(variant, has_lease),
            Event::Released(variant) => self.released(variant),
            Event::Notified(operation, wait) => self.notified(operation, wait),
            Event::WaitedTooLong(operation, wait) => {
                if self.is_waiting(operation, wait) {
                    self.acquire(operation);
                }
            }
        }
        Some(event)
    }

    fn arrive(&mut self) {
        let Some((variant, node)) = self.requests.next() else { return };
        self.counts.requests += 1;
        self.nodes[node as usize].requests += 1;
        if self.nodes[node as usize].has_result(&self.result_keys[variant as usize]) {
            self.counts.memory_hits += 1;
            return;
        }
        self.get(variant, Event::LookedUp(node, variant, self.now));
    }

    /// Sends a `GET`.
    fn get(&mut self, variant: u32, then: Event) {
        self.counts.gets += 1;
        self.redis.count_entry(variant);
        self.after(self.cluster.redis_time, then);
    }

    /// Whether Redis has the variant, which is copied into the memory of the node.
    fn is_found(&mut self, node: u32, variant: u32) -> bool {
        let is_found = self.redis.has(variant);
        if is_found {
            self.counts.bytes_out += self.catalogue.bytes(variant);
            self.keep(node, variant);
        }
        is_found
    }

    fn keep(&self, node: u32, variant: u32) {
        self.nodes[node as usize].keep_result(self.catalogue, self.result_keys[variant as usize], variant);
    }

    fn looked_up(&mut self, node: u32, variant: u32, since: u64) {
        if self.is_found(node, variant) {
            self.counts.redis_hits += 1;
            return;
        }
        if let Some(operation) = self.nodes[node as usize].operations.get(&variant) {
            self.counts.coalesced += 1;
            self.operations[*operation as usize].waiting.push(since);
            return;
        }
        let operation = Operation { node, variant, waiting: vec![since], ..Operation::default() };
        let number = self.begin(operation);
        self.nodes[node as usize].operations.insert(variant, number);
        self.acquire(number);
    }

    fn begin(&mut self, mut operation: Operation) -> u32 {
        if let Some(number) = self.free.pop() {
            // events of the operation that had this number are outdated
            operation.wait = self.operations[number as usize].wait + 1;
            self.operations[number as usize] = operation;
            return number;
        }
        self.operations.push(operation);
        self.operations.len() as u32 - 1
    }

    /// Asks for the lease of an operation.
    fn acquire(&mut self, number: u32) {
        let operation = &mut self.operations[number as usize];
        operation.wait += 1;
        operation.is_notified = false;
        let variant = operation.variant;
        self.script(variant, Event::LeaseAnswered(number));
    }

    fn script(&mut self, variant: u32, then: Event) {
        self.counts.scripts += 1;
        self.redis.count_lease(variant);
        self.after(self.cluster.redis_time, then);
    }

    fn lease_answered(&mut self, number: u32) {
        let Operation { variant, wait, .. } = self.operations[number as usize];
        if let Some(waiters) = self.redis.leases.get_mut(&variant) {
            waiters.push((number, wait));
            self.counts.leases_refused += 1;
        } else {
            self.redis.leases.insert(variant, Vec::new());
            self.operations[number as usize].holds_lease = true;
        }
        self.look_up_again(number, false);
    }

    /// Looks in memory and in Redis, where another node may have put the variant meanwhile.
    fn look_up_again(&mut self, number: u32, is_final: bool) {
        let Operation { node, variant, .. } = self.operations[number as usize];
        if self.nodes[node as usize].has_result(&self.result_keys[variant as usize]) {
            return self.found(number);
        }
        self.operations[number as usize].is_looking = true;
        self.get(variant, Event::OperationLookedUp(number, is_final));
    }

    fn operation_looked_up(&mut self, number: u32, is_final: bool) {
        self.operations[number as usize].is_looking = false;
        let Operation { node, variant, holds_lease, is_notified, wait, .. } =
            self.operations[number as usize];
        if self.is_found(node, variant) {
            return self.found(number);
        }
        if holds_lease || is_final {
            return self.build(number);
        }
        if is_notified {
            return self.look_up_again(number, true);
        }
        self.after(NOTIFICATION_TIMEOUT, Event::WaitedTooLong(number, wait));
    }

    /// An operation ends with what another one has built.
    fn found(&mut self, number: u32) {
        let Operation { variant, holds_lease, .. } = self.operations[number as usize];
        // the request that began it; the others have been counted when they joined
        self.counts.coalesced += 1;
        if holds_lease {
            self.script(variant, Event::Released(variant));
        }
        self.end(number);
    }

    fn end(&mut self, number: u32) {
        let operation = &mut self.operations[number as usize];
        let (node, variant, waiting) = (operation.node, operation.variant, take(&mut operation.waiting));
        operation.wait += 1;
        let longest = waiting.into_iter().map(|since| self.now - since).max().unwrap_or_default();
        self.counts.longest_wait = self.counts.longest_wait.max(longest as f64 / 1e9);
        self.nodes[node as usize].operations.remove(&variant);
        self.free.push(number);
    }

    fn build(&mut self, number: u32) {
        self.counts.builds += 1;
        let Operation { node, variant, .. } = self.operations[number as usize];
        let original = self.catalogue.original_of(variant);
        let at = &mut self.nodes[node as usize];
        if at.has_original(&key(original)) {
            return self.queue(number);
        }
        // Redis has only originals that were uploaded, but is asked for all of them
        self.look_up_original(original);
        let at = &mut self.nodes[node as usize];
        if let Some(waiting) = at.fetching.get_mut(&original) {
            waiting.push(number);
            return;
        }
        at.fetching.insert(original, vec![number]);
        // again before the fetch, for a stale one, and for one that was uploaded during the fetch
        for _ in 0..3 {
            self.look_up_original(original);
        }
        self.counts.fetches += 1;
        self.after(4 * self.cluster.redis_time + self.cluster.fetch_time, Event::Fetched(node, original));
    }

    /// Counts a `GET` of an original. Its time is that of the fetch.
    fn look_up_original(&mut self, original: u32) {
        self.counts.gets += 1;
        self.redis.count_original(original);
    }

    fn fetched(&mut self, node: u32, original: u32) {
        let at = &mut self.nodes[node as usize];
        at.keep_original(self.catalogue, key(original));
        for number in at.fetching.remove(&original).unwrap_or_default() {
            self.queue(number);
        }
    }

    /// An operation waits for a render thread.
    fn queue(&mut self, number: u32) {
        let Operation { node, variant, .. } = self.operations[number as usize];
        let node = node as usize;
        // whether the original is quarantined, by nodes on which it crashed; its time is small beside that of the render
        self.look_up_original(self.catalogue.original_of(variant));
        self.nodes[node].queue.push_back(number);
        self.start_render(node);
    }

    fn start_render(&mut self, node: usize) {
        let at = &mut self.nodes[node];
        if at.busy == self.cluster.threads {
            return;
        }
        let Some(number) = at.queue.pop_front() else { return };
        at.busy += 1;
        let times = &self.cluster.render_times;
        let variant = u64::from(self.operations[number as usize].variant);
        let time = times[(hash(variant ^ 0xF00D) % times.len() as u64) as usize];
        self.counts.render_seconds += time as f64 / 1e9;
        self.after(time, Event::Rendered(number));
    }

    fn rendered(&mut self, number: u32) {
        let Operation { node, variant, holds_lease, .. } = self.operations[number as usize];
        self.nodes[node as usize].busy -= 1;
        self.start_render(node as usize);
        self.keep(node, variant);
        self.counts.sets += 1;
        self.counts.bytes_in += self.catalogue.bytes(variant);
        self.redis.count_entry(variant);
        self.after(self.cluster.redis_time, Event::Written(variant, holds_lease));
        self.end(number);
    }

    fn written(&mut self, variant: u32, has_lease: bool) {
        self.redis.store(variant, self.catalogue.bytes(variant));
        if has_lease {
            self.script(variant, Event::Released(variant));
        }
    }

    fn released(&mut self, variant: u32) {
        let waiters = self.redis.leases.remove(&variant).unwrap_or_default();
        if waiters.is_empty() {
            return;
        }
        self.counts.publishes += 1;
        self.redis.count_entry(variant);
        for (number, wait) in waiters {
            self.after(self.cluster.redis_time, Event::Notified(number, wait));
        }
    }

    fn is_waiting(&self, number: u32, wait: u64) -> bool {
        let operation = &self.operations[number as usize];
        operation.wait == wait && !operation.is_notified
    }

    fn notified(&mut self, number: u32, wait: u64) {
        if self.is_waiting(number, wait) {
            let operation = &mut self.operations[number as usize];
            operation.is_notified = true;
            // a look-up in flight goes on with the final one
            if !operation.is_looking {
                self.look_up_again(number, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Balancer;

    fn counts(nodes: u32, balancer: Balancer) -> Counts {
        let catalogue = Catalogue::new(500, 4, 0.9, |variant| 5000 + variant % 7 * 4000, 300_000);
        let cluster = Cluster {
            nodes,
            balancer,
            results_bytes: 4 << 20,
            originals_bytes: 4 << 20,
            ..Cluster::default()
        };
        let rate = 100.0 * f64::from(nodes);
        let traffic = Traffic { rate, warm_up: 0, measured: 5000, ..Traffic::default() };
        simulate(&catalogue, &cluster, &traffic)
    }

    #[test]
    fn the_same_seed_gives_the_same_counts() {
        assert_eq!(counts(3, Balancer::Random), counts(3, Balancer::Random));
    }

    #[test]
    fn every_request_has_one_outcome() {
        for balancer in [Balancer::Random, Balancer::Hash(1), Balancer::Hash(2)] {
            let counts = counts(5, balancer);
            let outcomes = counts.memory_hits + counts.redis_hits + counts.coalesced + counts.builds;
            assert_eq!(outcomes, counts.requests, "{counts:?}");
            assert!(counts.fetches <= counts.builds && counts.sets == counts.builds, "{counts:?}");
        }
    }

    #[test]
    fn concurrent_requests_on_all_nodes_build_once() {
        let catalogue = Catalogue::new(1, 1, 0.9, |_| 1000, 1000);
        let cluster = Cluster { nodes: 10, ..Cluster::default() };
        let traffic = Traffic { rate: 1e6, warm_up: 0, measured: 100, ..Traffic::default() };
        let counts = simulate(&catalogue, &cluster, &traffic);
        assert_eq!(
            (counts.builds, counts.fetches, counts.sets, counts.publishes),
            (1, 1, 1, 1),
            "{counts:?}"
        );
        assert_eq!(counts.leases_refused, 9);
        assert_eq!(counts.coalesced, 99);
    }

    #[test]
    fn a_balancer_that_hashes_fetches_originals_once() {
        let [random, hashed] = [Balancer::Random, Balancer::Hash(1)].map(|balancer| counts(20, balancer));
        assert!(hashed.memory_hits > random.memory_hits, "{hashed:?} {random:?}");
        assert!(hashed.fetches < random.fetches, "{hashed:?} {random:?}");
        assert!(hashed.busiest_node > random.busiest_node, "{hashed:?} {random:?}");
    }
}
