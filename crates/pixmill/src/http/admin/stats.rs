//! `/stats`: a summary of the metrics as JSON.

use std::collections::BTreeMap;

use result_cache::{Stats, TierStats};
use serde_json::{Map, Value, json};

use super::metrics::tiers;
use crate::{
    state::Shared,
    telemetry::{
        counters::Route,
        hosts::{Load, by_origin},
        process::Process,
    },
};

/// The most important numbers.
#[expect(clippy::too_many_lines, reason = "a table: one entry per line says more than parts of it")]
pub fn stats(shared: &Shared) -> Value {
    let counters = &shared.counters;
    let load = shared.rendering.renderer.pool().load();
    let mut sources = Map::new();
    for (_, _, source, count) in counters.requests().filter(|(route, ..)| *route == Route::Image) {
        let sum = sources.get(source).and_then(Value::as_u64).unwrap_or_default();
        sources.insert(source.to_owned(), (sum + count).into());
    }
    let queued = load.queued.iter().map(|(class, queued)| (class.name(), queued.as_millis() as u64));
    let queued: BTreeMap<_, _> = queued.collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "libvips": vips_ops::vips::version(),
        "fingerprint": shared.fingerprint,
        "uptimeSeconds": counters.began.elapsed().as_secs(),
        "residentBytes": Process::measure().resident_bytes,
        "vipsBytes": vips_ops::vips::tracked_memory(),
        "draining": shared.is_draining(),
        "requests": {
            "inFlight": shared.in_flight(),
            "bytes": counters.response_bytes(),
            "bySource": sources,
            "failures": counters.failures.read(),
        },
        "pool": {
            "threads": shared.config.workers.thread_count(),
            "running": load.running,
            "waiting": load.waiting,
            "begun": load.begun,
            "oldestWaitMilliseconds": load.oldest.as_millis() as u64,
            "memoryBytes": load.running_bytes,
            "memoryLimitBytes": load.memory,
            "queuedMilliseconds": queued,
            "refused": load.refusals.iter().collect::<BTreeMap<_, _>>(),
        },
        "coalescing": shared.operations.in_flight().into_iter().collect::<BTreeMap<_, _>>(),
        "origins": origins(shared),
        "uploads": {
            "bytes": shared.upload_memory.reserved_bytes(),
            "jobs": shared.jobs.unfinished_count(),
            "refused": { "memory": shared.upload_memory.refusals(), "queue": shared.jobs.refusals() },
        },
        "cluster": cluster(shared),
        "caches": { "results": cache(&shared.caches.results.stats()), "originals": cache(&shared.caches.originals.stats()) },
    })
}

fn origins(shared: &Shared) -> Value {
    let object = |load: Load| json!({ "inFlight": load.in_flight, "waiting": load.waiting, "circuitsOpen": load.open });
    let loads: Map<_, _> = by_origin(&shared.config, &shared.origins.hosts)
        .into_iter()
        .map(|(origin, load)| (origin, object(load)))
        .collect();
    let totals = shared.origins.hosts.stats();
    json!({
        "byOrigin": loads,
        "refused": { "busy": totals.rejected_busy, "circuitOpen": totals.rejected_open },
        "circuitsOpened": totals.circuits_opened,
    })
}

fn cluster(shared: &Shared) -> Value {
    let stats = shared.caches.coordinator.stats();
    let redis = match (shared.caches.coordinator.is_clustered(), stats.is_connected) {
        (false, _) => "none",
        (true, false) => "alone",
        (true, true) => "connected",
    };
    let nodes = shared.config_drift.nodes();
    json!({
        "redis": redis,
        "nodes": nodes.values().sum::<usize>(),
        "fingerprints": nodes,
        "leases": {
            "granted": stats.leases_granted,
            "refused": stats.leases_refused,
            "takenOver": stats.leases_taken_over,
        },
        "purges": { "made": stats.purges_made, "received": stats.purges_received },
    })
}

fn cache(stats: &Stats) -> Value {
    let mut object: Map<_, _> = tiers(stats).map(|(name, stats)| (name.to_owned(), tier(&stats))).collect();
    object.insert("oversize".to_owned(), stats.oversize.into());
    object.into()
}

fn tier(stats: &TierStats) -> Value {
    let TierStats { hits, misses, puts, evictions, failures, dropped, corrupt, bytes, capacity } = *stats;
    json!({
        "hits": hits,
        "misses": misses,
        "puts": puts,
        "evictions": evictions,
        "failures": failures,
        "dropped": dropped,
        "corrupt": corrupt,
        "bytes": bytes,
        "capacity": capacity,
    })
}
