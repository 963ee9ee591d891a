//! Every metric: its name, type, labels and HELP text. Their values are written by `http/admin/metrics.rs`.

use std::fmt::Write;

/// The definition of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Names of its labels. Each has few values, none of which a client can choose.
    pub labels: &'static [&'static str],
    /// What it measures, in which unit.
    pub help: &'static str,
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A count that only grows.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Counts of values by size.
    Histogram,
}

impl Kind {
    /// Its name in Prometheus' text format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Defines each metric as a constant, and all of them as [`METRICS`].
macro_rules! metrics {
    ($($constant:ident: $kind:ident $name:literal $labels:tt $help:literal;)*) => {
        $(pub(crate) const $constant: Metric =
            Metric { name: $name, kind: Kind::$kind, labels: &$labels, help: $help };)*

        /// Every metric, in the order of the reference.
        pub const METRICS: &[Metric] = &[$($constant),*];
    };
}

// A new metric is one entry here, and a call that writes its value in `http/admin/metrics.rs`.
metrics! {
    BUILD: Gauge "pixmill_build_info" ["version", "libvips", "fingerprint"] "Always 1; the labels name the release, the version of libvips, and the fingerprint of release and configuration. Nodes with the same fingerprint give the same responses.";
    UPTIME: Gauge "pixmill_uptime_seconds" [] "Seconds since the start.";
    REQUESTS: Counter "pixmill_requests_total" ["route", "status", "cache"] "Requests, by route (`image`, uploads included; `job`; `playground`; `health`, the probes; `admin`), by status class, and by cache status as in X-Cache; `none`: the response has no picture.";
    REQUEST_SECONDS: Histogram "pixmill_request_duration_seconds" [] "Time from the head of a request for an image until its response is ready, in seconds.";
    RESPONSE_BYTES: Counter "pixmill_response_bytes_total" [] "Bytes of response bodies to requests for images.";
    IN_FLIGHT: Gauge "pixmill_requests_in_flight" [] "Requests in flight, those to the admin listener excluded.";
    CONNECTIONS: Gauge "pixmill_connections" ["listener"] "Open client connections, by listener.";
    MALFORMED: Counter "pixmill_malformed_requests_total" ["reason"] "Input from clients that is not an HTTP request, by reason, such as `syntax` (also TLS on this port) or `too_large` (the request head). The response is 400 or 431, and the connection is closed.";
    ACCESS_DROPPED: Counter "pixmill_access_log_dropped_total" [] "Lines of the access log that were dropped, because standard error takes them more slowly than they come.";
    OTLP_DROPPED: Counter "pixmill_otlp_dropped_total" ["signal"] "Telemetry that did not reach the collector (`telemetry.otlp`), because it was away or refused the whole request, or because too much was waiting: log lines (`logs`), spans (`traces`), and values of all metrics at one time (`metrics`), which are cumulative, so the next ones make up for them.";
    ERRORS: Counter "pixmill_errors_total" ["code"] "Requests that failed, by the code in the error body; `overloaded` counts those refused by admission control.";
    SIGNED: Counter "pixmill_signed_requests_total" ["key"] "Requests with a valid signature, by the id of the key.";
    PHASE_SECONDS: Histogram "pixmill_phase_duration_seconds" ["phase"] "Time per phase, in seconds: `cache` of every response, the others of each variant that was produced.";
    RENDERS: Counter "pixmill_renders_total" ["source", "format"] "Renders that succeeded, by the format of the original and of the result; `json`: a description.";
    CODECS: Counter "pixmill_codec_uses_total" ["direction", "codec"] "Renders by the library that decoded the original (`decode`) and that encoded the output (`encode`); originals that were served count as neither.";
    JPEG_DECODES: Counter "pixmill_jpeg_decodes_total" ["divisor"] "Renders of JPEG originals by the divisor by which the decoder reduced them: 1, 2, 4 or 8.";
    RENDER_OUTPUT: Counter "pixmill_render_output_bytes_total" ["source", "format"] "Bytes produced by renders, by the format of the original and of the result.";
    RENDER_THREADS: Gauge "pixmill_render_threads" [] "Render threads.";
    RENDER_RUNNING: Gauge "pixmill_render_jobs_running" [] "Jobs being computed.";
    RENDER_WAITING: Gauge "pixmill_render_jobs_waiting" [] "Jobs waiting for a render thread.";
    RENDER_OLDEST: Gauge "pixmill_render_oldest_wait_seconds" [] "How long the oldest waiting job has been waiting, in seconds.";
    RENDER_JOBS: Counter "pixmill_render_jobs_total" [] "Jobs started: renders and analyses of pictures.";
    SHARED_DECODES: Counter "pixmill_shared_decodes_total" [] "Renders that used pixels which another render of the same original had decoded.";
    RENDER_QUEUED: Gauge "pixmill_render_queue_predicted_seconds" ["class"] "Predicted work in the queue, in seconds of one thread, by class: `picture`, `vision`, `warming`, `async`, `refine`.";
    RENDER_MEMORY: Gauge "pixmill_render_memory_predicted_bytes" [] "Predicted memory of the jobs being computed; `pixmill_render_memory_limit_bytes` bounds it.";
    RENDER_MEMORY_LIMIT: Gauge "pixmill_render_memory_limit_bytes" [] "The memory that jobs may use together: `workers.memory`, or the default derived from the machine.";
    RENDER_REFUSALS: Counter "pixmill_render_refusals_total" ["reason"] "Jobs refused: predicted to end after their `deadline`, `overload` (the predicted wait is long and more arrives than the threads can do), `queue_full`, more `memory` than allowed even alone, or `dropped` after waiting too long.";
    RENDER_COST_RATIO: Histogram "pixmill_render_cost_ratio" ["class"] "Actual over predicted time of jobs that succeeded, before correction.";
    RENDER_COST_CORRECTION: Gauge "pixmill_render_cost_correction" ["class"] "Factor applied to predictions: recent actual over predicted time, 0.2 to 10.";
    WORKERS: Gauge "pixmill_render_workers" ["state"] "Render worker processes, by state: `busy` or `idle`. 0 while renders run on threads.";
    WORKER_STARTS: Counter "pixmill_render_worker_starts_total" ["outcome"] "Starts of render worker processes, by outcome: `started` or `failed`.";
    WORKER_RECYCLED: Counter "pixmill_render_workers_recycled_total" [] "Idle render worker processes replaced because they held too much memory.";
    RENDER_CPU: Counter "pixmill_render_cpu_seconds_total" [] "CPU time that render worker processes spent on jobs that ended by themselves, in seconds.";
    RENDER_CRASHES: Counter "pixmill_render_crashes_total" [] "Renders whose worker process died: a codec crashed, or the kernel killed it.";
    RENDER_STOPS: Counter "pixmill_render_stops_total" ["reason"] "Renders asked to stop, by reason: `deadline`, `cancelled` (no client waits any more) or `memory`.";
    RENDER_KILLS: Counter "pixmill_render_kills_total" ["reason"] "Render worker processes killed because their render did not stop within 100 ms, by the reason of the stop.";
    QUARANTINED: Gauge "pixmill_quarantined_originals" [] "Quarantined originals: those that repeatedly crashed render workers or timed out.";
    REFINEMENTS: Counter "pixmill_refinements_total" ["outcome"] "Results that the second pass (`refine`) took up, by outcome: `saved` (a smaller encoding took the place of the first), `no_gain` and `quality` (none saves enough, or none looks as good), `failed`, `skipped` (nothing to do: another node did it, it changed meanwhile, it is not suited, or the queue was full), `yielded` (stopped for other renders, to be tried again).";
    REFINED_BYTES: Counter "pixmill_refined_bytes_saved_total" [] "Bytes by which results became smaller in the second pass, each counted once.";
    REFINE_BUSY: Counter "pixmill_refine_busy_seconds_total" [] "Time that the second pass took, without waiting for an idle worker, in seconds.";
    REFINE_QUEUE: Gauge "pixmill_refine_queue" [] "Results that wait for the second pass.";
    INFERENCE_SECONDS: Histogram "pixmill_inference_duration_seconds" ["question"] "Time of one analysis by a vision model, decoding included, in seconds.";
    INFERENCE_REFUSALS: Counter "pixmill_inference_refusals_total" ["question"] "Analyses refused because too many were waiting.";
    ORIGIN_SECONDS: Histogram "pixmill_origin_fetch_duration_seconds" [] "Time of a fetch from the origin, in seconds.";
    ORIGIN_FETCHES: Counter "pixmill_origin_fetches_total" ["outcome"] "Fetches from the origin, by outcome.";
    HOST_IN_FLIGHT: Gauge "pixmill_origin_requests_in_flight" ["origin"] "Requests in flight to the host of an origin; `others`: hosts named by requests or redirects, together.";
    HOST_WAITING: Gauge "pixmill_origin_requests_waiting" ["origin"] "Requests waiting because their host has its maximum of requests in flight, by origin.";
    HOST_CIRCUITS: Gauge "pixmill_origin_circuit_breakers_open" ["origin"] "Hosts whose circuit breaker is open, by origin.";
    HOST_REFUSALS: Counter "pixmill_origin_refusals_total" ["reason"] "Requests not sent to a host: its maximum of requests stayed in flight (`busy`), or its circuit breaker was open (`circuit_open`).";
    HOST_OPENED: Counter "pixmill_origin_circuit_breaker_opened_total" [] "How often a circuit breaker of a host opened.";
    COALESCING: Gauge "pixmill_coalescing_in_flight" ["kind"] "Coalesced operations in flight: those that further requests can join.";
    UPLOAD_BYTES: Gauge "pixmill_upload_memory_bytes" [] "Bytes of uploads in memory; `uploads.max_memory` bounds them.";
    JOBS: Gauge "pixmill_background_jobs" [] "Jobs of `async=true` that have not ended; `uploads.queue` bounds them.";
    UPLOAD_REFUSALS: Counter "pixmill_upload_refusals_total" ["reason"] "Uploads refused because `uploads.max_memory` was in use (`memory`), and jobs refused because the queue was full (`queue`).";
    REDIS_CONNECTED: Gauge "pixmill_redis_connected" [] "1 while Redis is in use, 0 while it is unavailable and this node uses local caches only; absent without Redis.";
    CLUSTER_NODES: Gauge "pixmill_cluster_nodes" ["fingerprint"] "Nodes that share the Redis, by the fingerprint of release and configuration; more than one fingerprint is normal only during a rolling restart. Absent without Redis, and while it is unavailable.";
    LEASES: Counter "pixmill_leases_total" ["outcome"] "Attempts to acquire the lease for building a variant, by outcome: `granted`; `refused`, because another node holds it; `taken_over`, also counted as granted, after the lease of another node expired.";
    PURGES_MADE: Counter "pixmill_purges_total" [] "Purges made on this node: `DELETE` requests, and uploads that replace an original.";
    PURGES_RECEIVED: Counter "pixmill_purges_received_total" [] "Purges received through Redis, those made on this node included.";
    CACHE_HITS: Counter "pixmill_cache_hits_total" ["cache", "tier"] "Lookups that found an entry.";
    CACHE_MISSES: Counter "pixmill_cache_misses_total" ["cache", "tier"] "Lookups that found no entry.";
    CACHE_PUTS: Counter "pixmill_cache_puts_total" ["cache", "tier"] "Entries passed to the tier to be stored.";
    CACHE_EVICTIONS: Counter "pixmill_cache_evictions_total" ["cache", "tier"] "Entries evicted because the tier was full.";
    CACHE_FAILURES: Counter "pixmill_cache_failures_total" ["cache", "tier"] "Reads and writes that failed.";
    CACHE_DROPPED: Counter "pixmill_cache_dropped_total" ["cache", "tier"] "Redis: entries that were not written, because the write queue was full or Redis refused them.";
    CACHE_CORRUPT: Counter "pixmill_cache_corrupt_total" ["cache", "tier"] "Redis: entries that were not used because they were damaged or written for another key.";
    CACHE_HELD: Gauge "pixmill_cache_held_bytes" ["cache"] "Bytes held by the memory tier.";
    CACHE_WRITTEN: Counter "pixmill_cache_written_bytes_total" ["cache"] "Bytes written by the disk tier since the start.";
    CACHE_QUEUED: Gauge "pixmill_cache_write_queue_bytes" ["cache"] "Bytes waiting to be written to Redis.";
    CACHE_CAPACITY: Gauge "pixmill_cache_capacity_bytes" ["cache", "tier"] "Capacity in bytes; Redis: of the write queue.";
    CACHE_OVERSIZE: Counter "pixmill_cache_oversize_total" ["cache"] "Entries too large to be cached.";
    ALLOCATOR: Gauge "pixmill_allocator_bytes" ["state"] "Memory of the allocator (jemalloc) in the server process, by state: `allocated` by the program; in `active` pages; `resident` in physical memory; `mapped`; `retained` as addresses only; `metadata`, its own. Absent in builds without jemalloc.";
    WORKER_MEMORY: Gauge "pixmill_render_workers_memory_bytes" [] "Resident memory of all render worker processes, without what they share with the server and with files. 0 while renders run on threads.";
    VIPS_MEMORY: Gauge "pixmill_vips_memory_bytes" [] "Pixel memory that libvips holds in the server process: 0 while render workers are processes.";
    RESIDENT: Gauge "process_resident_memory_bytes" [] "Resident memory of the server process, without its render workers.";
    OPEN_FILES: Gauge "process_open_fds" [] "Open files and connections.";
    STARTED: Gauge "process_start_time_seconds" [] "Start of the process, in seconds of Unix time.";
}

/// Metrics that had another name in earlier builds, as old and new name: for dashboards and alerts that use them.
const RENAMED: [(&str, &str); 18] = [
    ("pixmill_failures_total", "pixmill_errors_total"),
    ("pixmill_pool_threads", "pixmill_render_threads"),
    ("pixmill_pool_running", "pixmill_render_jobs_running"),
    ("pixmill_pool_waiting", "pixmill_render_jobs_waiting"),
    ("pixmill_pool_oldest_wait_seconds", "pixmill_render_oldest_wait_seconds"),
    ("pixmill_pool_jobs_total", "pixmill_render_jobs_total"),
    ("pixmill_pool_queued_seconds", "pixmill_render_queue_predicted_seconds"),
    ("pixmill_pool_memory_bytes", "pixmill_render_memory_predicted_bytes"),
    ("pixmill_pool_memory_limit_bytes", "pixmill_render_memory_limit_bytes"),
    ("pixmill_pool_refusals_total", "pixmill_render_refusals_total"),
    ("pixmill_pool_cost_ratio", "pixmill_render_cost_ratio"),
    ("pixmill_pool_cost_correction", "pixmill_render_cost_correction"),
    ("pixmill_origin_circuits_open", "pixmill_origin_circuit_breakers_open"),
    ("pixmill_origin_circuits_opened_total", "pixmill_origin_circuit_breaker_opened_total"),
    ("pixmill_flights", "pixmill_coalescing_in_flight"),
    ("pixmill_cache_bytes{tier=\"memory\"}", "pixmill_cache_held_bytes"),
    ("pixmill_cache_bytes{tier=\"disk\"}", "pixmill_cache_written_bytes_total"),
    ("pixmill_cache_bytes{tier=\"redis\"}", "pixmill_cache_write_queue_bytes"),
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
    table += "\n## Renamed\n\nMetric names are stable now. In earlier builds these metrics had other names:\n\n| before | now |\n|---|---|\n";
    for (old, new) in RENAMED {
        let _ = writeln!(table, "| `{old}` | `{new}` |");
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
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
