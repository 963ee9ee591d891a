//! The name of every metric, what it counts, and by what it is told apart.

use std::fmt::Write;

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// By what it is told apart; each has few values, none of which a client can choose.
    pub labels: &'static [&'static str],
    /// What it counts.
    pub help: &'static str,
}

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts by size.
    Histogram,
}

impl Kind {
    /// How Prometheus calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric that grows.
const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

/// A metric that goes up and down.
const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

/// A metric that counts by size.
const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, labels, help }
}

pub(crate) const BUILD: Metric = gauge(
    "pixmill_build_info",
    &["version", "libvips", "fingerprint"],
    "Always 1; the labels say what runs. Nodes with one fingerprint give the same answers.",
);
pub(crate) const UPTIME: Metric = gauge("pixmill_uptime_seconds", &[], "Seconds since the start.");
pub(crate) const REQUESTS: Metric = counter(
    "pixmill_requests_total",
    &["status", "cache"],
    "Requests for pictures, by the class of their status and by X-Cache; `none`: there was no answer to tell of.",
);
pub(crate) const REQUEST_SECONDS: Metric = histogram(
    "pixmill_request_duration_seconds",
    &[],
    "From the head of a request to its answer, in seconds.",
);
pub(crate) const RESPONSE_BYTES: Metric =
    counter("pixmill_response_bytes_total", &[], "Bytes of the bodies of answers.");
pub(crate) const IN_FLIGHT: Metric = gauge("pixmill_requests_in_flight", &[], "Requests being answered.");
pub(crate) const CONNECTIONS: Metric =
    gauge("pixmill_connections", &["listener"], "Open connections of clients, by listener.");
pub(crate) const MALFORMED: Metric = counter(
    "pixmill_malformed_requests_total",
    &["reason"],
    "What clients sent that is not an HTTP request, by what is wrong with it: `syntax`, such as TLS on this port; `too_large`, \
     the head. They are answered with 400 or 431, and their connections closed.",
);
pub(crate) const FAILURES: Metric = counter(
    "pixmill_failures_total",
    &["code"],
    "Requests that failed, by the code in the answer; `overloaded` counts those that admission refused.",
);
pub(crate) const SIGNED: Metric = counter(
    "pixmill_signed_requests_total",
    &["key"],
    "Requests with a good signature, by the id of the key.",
);
pub(crate) const PHASE_SECONDS: Metric = histogram(
    "pixmill_phase_duration_seconds",
    &["phase"],
    "Seconds in each phase: `cache` of every answer, the others of each that was made.",
);
pub(crate) const POOL_THREADS: Metric = gauge("pixmill_pool_threads", &[], "Threads that render.");
pub(crate) const POOL_RUNNING: Metric = gauge("pixmill_pool_running", &[], "Jobs being computed.");
pub(crate) const POOL_WAITING: Metric = gauge("pixmill_pool_waiting", &[], "Jobs that wait for a thread.");
pub(crate) const POOL_OLDEST: Metric =
    gauge("pixmill_pool_oldest_wait_seconds", &[], "How long the oldest job has been waiting.");
pub(crate) const POOL_BEGUN: Metric =
    counter("pixmill_pool_jobs_total", &[], "Jobs begun: renders, and looks at pictures.");
pub(crate) const POOL_QUEUED: Metric = gauge(
    "pixmill_pool_queued_seconds",
    &["class"],
    "Predicted work that waits, in seconds of one thread, by class: `picture`, `vision`, `warming`, `async`.",
);
pub(crate) const POOL_BYTES: Metric = gauge(
    "pixmill_pool_memory_bytes",
    &[],
    "Predicted memory of the jobs being computed; `pixmill_pool_memory_limit_bytes` bounds it.",
);
pub(crate) const POOL_MEMORY: Metric = gauge(
    "pixmill_pool_memory_limit_bytes",
    &[],
    "The memory that jobs may use together: `workers.memory`, or what was found for it.",
);
pub(crate) const POOL_REFUSALS: Metric = counter(
    "pixmill_pool_refusals_total",
    &["reason"],
    "Jobs refused: they would not end before their `deadline`, `overload` (the predicted wait is long and more arrives than \
     the threads can do), `queue_full`, too much `memory` even alone, or `dropped` after waiting too long.",
);
pub(crate) const POOL_COST: Metric = histogram(
    "pixmill_pool_cost_ratio",
    &["class"],
    "Actual over predicted time of jobs that ended well, before correction.",
);
pub(crate) const POOL_CORRECTION: Metric = gauge(
    "pixmill_pool_cost_correction",
    &["class"],
    "What predictions are multiplied by: actual over predicted time of late, 0.2 to 10.",
);
pub(crate) const WORKERS: Metric = gauge(
    "pixmill_render_workers",
    &["state"],
    "Render worker processes, by state: `busy` or `idle`. 0 while renders run on threads.",
);
pub(crate) const WORKER_STARTS: Metric = counter(
    "pixmill_render_worker_starts_total",
    &["outcome"],
    "Starts of render worker processes, by outcome: `started` or `failed`.",
);
pub(crate) const WORKER_RECYCLED: Metric = counter(
    "pixmill_render_workers_recycled_total",
    &[],
    "Idle render worker processes replaced because they held too much memory.",
);
pub(crate) const RENDER_CPU: Metric = counter(
    "pixmill_render_cpu_seconds_total",
    &[],
    "CPU time that render worker processes spent on jobs that ended by themselves, in seconds.",
);
pub(crate) const RENDER_CRASHES: Metric = counter(
    "pixmill_render_crashes_total",
    &[],
    "Renders whose worker process died: a codec crashed, or the kernel killed it.",
);
pub(crate) const RENDER_STOPS: Metric = counter(
    "pixmill_render_stops_total",
    &["reason"],
    "Renders asked to stop, by reason: `deadline`, `cancelled` (nobody waits any more) or `memory`.",
);
pub(crate) const RENDER_KILLS: Metric = counter(
    "pixmill_render_kills_total",
    &["reason"],
    "Render worker processes killed because their render did not stop within 100 ms, by the reason of the stop.",
);
pub(crate) const QUARANTINED: Metric = gauge(
    "pixmill_quarantined_originals",
    &[],
    "Originals refused for a while because they crashed renders or used up their time.",
);
pub(crate) const INFERENCE_SECONDS: Metric = histogram(
    "pixmill_inference_duration_seconds",
    &["question"],
    "Seconds to look at a picture, decoding included.",
);
pub(crate) const INFERENCE_REFUSALS: Metric = counter(
    "pixmill_inference_refusals_total",
    &["question"],
    "Looks refused because too many were waiting.",
);
pub(crate) const ORIGIN_SECONDS: Metric =
    histogram("pixmill_origin_fetch_duration_seconds", &[], "Seconds of a fetch from the origin.");
pub(crate) const ORIGIN_FETCHES: Metric =
    counter("pixmill_origin_fetches_total", &["outcome"], "Fetches from the origin, by what came of them.");
pub(crate) const HOST_PLACES: Metric = gauge(
    "pixmill_origin_requests_in_flight",
    &["origin"],
    "Requests that a host is answering, by origin; `others`: hosts that requests name or origins redirect to, together.",
);
pub(crate) const HOST_WAITING: Metric = gauge(
    "pixmill_origin_requests_waiting",
    &["origin"],
    "Requests that wait for one of a host's places, by origin.",
);
pub(crate) const HOST_CIRCUITS: Metric =
    gauge("pixmill_origin_circuits_open", &["origin"], "Hosts that are left alone because they failed.");
pub(crate) const HOST_REFUSALS: Metric = counter(
    "pixmill_origin_refusals_total",
    &["reason"],
    "Requests that were not sent to a host: no place in time (`busy`), or it is left alone (`circuit_open`).",
);
pub(crate) const HOST_OPENED: Metric =
    counter("pixmill_origin_circuits_opened_total", &[], "How often a host began to be left alone.");
pub(crate) const UPLOAD_BYTES: Metric = gauge(
    "pixmill_upload_memory_bytes",
    &[],
    "Bytes of uploads in memory; `uploads.max_memory` bounds them.",
);
pub(crate) const JOBS: Metric = gauge(
    "pixmill_background_jobs",
    &[],
    "Jobs of `async=true` that have not ended; `uploads.queue` bounds them.",
);
pub(crate) const UPLOAD_REFUSALS: Metric = counter(
    "pixmill_upload_refusals_total",
    &["reason"],
    "Uploads for which there was no memory, and jobs for which the queue had no place.",
);
pub(crate) const REDIS_CONNECTED: Metric = gauge(
    "pixmill_redis_connected",
    &[],
    "1 while Redis is in use, 0 while this node goes on alone; absent without one.",
);
pub(crate) const CLUSTER_NODES: Metric = gauge(
    "pixmill_cluster_nodes",
    &["fingerprint"],
    "Nodes that share the Redis, by the fingerprint of release and configuration; more than one is normal only during a \
     rolling restart. Absent without Redis, and while it is away.",
);
pub(crate) const LEASES: Metric = counter(
    "pixmill_leases_total",
    &["outcome"],
    "Requests to be the one node that makes something: `granted`, `refused` since another node is at it, `taken_over` among \
     those granted, after waiting in vain.",
);
pub(crate) const PURGES_MADE: Metric =
    counter("pixmill_purges_total", &[], "Purges by way of this node: `DELETE`, and uploads that replace.");
pub(crate) const PURGES_RECEIVED: Metric = counter(
    "pixmill_purges_received_total",
    &[],
    "Purges read from the log that nodes share, those by way of this node included.",
);
pub(crate) const FLIGHTS: Metric =
    gauge("pixmill_flights", &["kind"], "Work under way that others may join.");
pub(crate) const CACHE_HITS: Metric =
    counter("pixmill_cache_hits_total", &["cache", "tier"], "Look-ups that found something.");
pub(crate) const CACHE_MISSES: Metric =
    counter("pixmill_cache_misses_total", &["cache", "tier"], "Look-ups that found nothing.");
pub(crate) const CACHE_PUTS: Metric =
    counter("pixmill_cache_puts_total", &["cache", "tier"], "Entries handed in.");
pub(crate) const CACHE_EVICTIONS: Metric =
    counter("pixmill_cache_evictions_total", &["cache", "tier"], "Entries that had to make room.");
pub(crate) const CACHE_FAILURES: Metric =
    counter("pixmill_cache_failures_total", &["cache", "tier"], "Reads and writes that failed.");
pub(crate) const CACHE_DROPPED: Metric = counter(
    "pixmill_cache_dropped_total",
    &["cache", "tier"],
    "Redis: entries that were not written, since too much waited or it did not take them.",
);
pub(crate) const CACHE_CORRUPT: Metric = counter(
    "pixmill_cache_corrupt_total",
    &["cache", "tier"],
    "Redis: entries that were damaged or written for another key, and so not used.",
);
pub(crate) const CACHE_BYTES: Metric = gauge(
    "pixmill_cache_bytes",
    &["cache", "tier"],
    "Memory: bytes held. Disk: bytes written since the start. Redis: bytes that wait to be written.",
);
pub(crate) const CACHE_CAPACITY: Metric = gauge("pixmill_cache_capacity_bytes", &["cache", "tier"], "Room.");
pub(crate) const CACHE_OVERSIZE: Metric =
    counter("pixmill_cache_oversize_total", &["cache"], "Entries too large to be kept.");
pub(crate) const VIPS_MEMORY: Metric = gauge(
    "pixmill_vips_memory_bytes",
    &[],
    "Memory of pixels that libvips holds in the server itself: 0 while render workers are processes.",
);
pub(crate) const RESIDENT: Metric =
    gauge("process_resident_memory_bytes", &[], "Memory of the server process, without its render workers.");
pub(crate) const OPEN_FILES: Metric = gauge("process_open_fds", &[], "Open files and connections.");
pub(crate) const STARTED: Metric =
    gauge("process_start_time_seconds", &[], "When the process began, in seconds of Unix time.");

/// Every metric, in the order of the reference.
pub const METRICS: &[Metric] = &[
    BUILD,
    UPTIME,
    REQUESTS,
    REQUEST_SECONDS,
    RESPONSE_BYTES,
    IN_FLIGHT,
    CONNECTIONS,
    MALFORMED,
    FAILURES,
    SIGNED,
    PHASE_SECONDS,
    POOL_THREADS,
    POOL_RUNNING,
    POOL_WAITING,
    POOL_OLDEST,
    POOL_BEGUN,
    POOL_QUEUED,
    POOL_BYTES,
    POOL_MEMORY,
    POOL_REFUSALS,
    POOL_COST,
    POOL_CORRECTION,
    WORKERS,
    WORKER_STARTS,
    WORKER_RECYCLED,
    RENDER_CPU,
    RENDER_CRASHES,
    RENDER_STOPS,
    RENDER_KILLS,
    QUARANTINED,
    INFERENCE_SECONDS,
    INFERENCE_REFUSALS,
    ORIGIN_SECONDS,
    ORIGIN_FETCHES,
    HOST_PLACES,
    HOST_WAITING,
    HOST_CIRCUITS,
    HOST_REFUSALS,
    HOST_OPENED,
    FLIGHTS,
    UPLOAD_BYTES,
    JOBS,
    UPLOAD_REFUSALS,
    REDIS_CONNECTED,
    CLUSTER_NODES,
    LEASES,
    PURGES_MADE,
    PURGES_RECEIVED,
    CACHE_HITS,
    CACHE_MISSES,
    CACHE_PUTS,
    CACHE_EVICTIONS,
    CACHE_FAILURES,
    CACHE_DROPPED,
    CACHE_CORRUPT,
    CACHE_BYTES,
    CACHE_CAPACITY,
    CACHE_OVERSIZE,
    VIPS_MEMORY,
    RESIDENT,
    OPEN_FILES,
    STARTED,
];

/// The reference of all metrics, in Markdown.
pub fn reference() -> String {
    let mut table = "| metric | kind | labels | |\n|---|---|---|---|\n".to_owned();
    for metric in METRICS {
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        // writing to a string cannot fail
        let _ =
            writeln!(table, "| `{}` | {} | {labels} | {} |", metric.name, metric.kind.name(), metric.help);
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_follow_the_custom() {
        let names: HashSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        for Metric { name, kind, help, .. } in METRICS {
            assert!(name.starts_with("pixmill_") || name.starts_with("process_"), "{name}");
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            let has_unit = name.ends_with("_seconds") || name.ends_with("_ratio");
            assert!(*kind != Kind::Histogram || has_unit, "{name}");
            assert!(help.ends_with('.'), "{name}");
        }
    }
}
