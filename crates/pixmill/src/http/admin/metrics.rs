//! `/metrics`: the values of all metrics of `telemetry/metrics.rs`, for Prometheus.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::UNIX_EPOCH,
};

use result_cache::{Stats, TierStats};

pub use crate::telemetry::scrape::CONTENT_TYPE;
use crate::{
    model::analysis::AnalysisKind,
    render::Reason,
    signing::Signer,
    state::Shared,
    telemetry::{
        counters::{LabelCounts, ListenerKind},
        hosts::{self, Load},
        metrics::{
            BUILD, CACHE_CAPACITY, CACHE_CORRUPT, CACHE_DROPPED, CACHE_EVICTIONS, CACHE_FAILURES, CACHE_HELD,
            CACHE_HITS, CACHE_MISSES, CACHE_OVERSIZE, CACHE_PUTS, CACHE_QUEUED, CACHE_WRITTEN, CLUSTER_NODES,
            COALESCING, CONNECTIONS, ERRORS, HOST_CIRCUITS, HOST_IN_FLIGHT, HOST_OPENED, HOST_REFUSALS,
            HOST_WAITING, IN_FLIGHT, INFERENCE_REFUSALS, INFERENCE_SECONDS, JOBS, LEASES, MALFORMED, Metric,
            OPEN_FILES, ORIGIN_FETCHES, ORIGIN_SECONDS, PHASE_SECONDS, PURGES_MADE, PURGES_RECEIVED,
            QUARANTINED, REDIS_CONNECTED, RENDER_COST_CORRECTION, RENDER_COST_RATIO, RENDER_CPU,
            RENDER_CRASHES, RENDER_JOBS, RENDER_KILLS, RENDER_MEMORY, RENDER_MEMORY_LIMIT, RENDER_OLDEST,
            RENDER_OUTPUT, RENDER_QUEUED, RENDER_REFUSALS, RENDER_RUNNING, RENDER_STOPS, RENDER_THREADS,
            RENDER_WAITING, RENDERS, REQUEST_SECONDS, REQUESTS, RESIDENT, RESPONSE_BYTES, SIGNED, STARTED,
            UPLOAD_BYTES, UPLOAD_REFUSALS, UPTIME, VIPS_MEMORY, WORKER_RECYCLED, WORKER_STARTS, WORKERS,
        },
        process::Process,
        scrape::{self, Scrape},
    },
};

/// A metric, and its value in the counts of a cache tier.
type TierNumber = (&'static Metric, fn(&TierStats) -> u64);

/// A metric, and its value in the load of hosts.
type HostNumber = (&'static Metric, fn(&Load) -> usize);

/// The text of the page.
pub fn text(shared: &Arc<Shared>) -> String {
    let shared = Arc::clone(shared);
    scrape::text(move |page| {
        process(page, &shared);
        requests(page, &shared);
        rendering(page, &shared);
        worker_processes(page, &shared);
        inference(page, &shared);
        origins(page, &shared);
        uploads(page, &shared);
        cluster(page, &shared);
        caches(page, &shared);
    })
}

fn process(page: &mut Scrape<'_>, shared: &Shared) {
    let counters = &shared.counters;
    let libvips = vips_ops::vips::version();
    page.values(&BUILD, [([env!("CARGO_PKG_VERSION"), &libvips, &shared.fingerprint], 1u64)]);
    page.value(&UPTIME, counters.began.elapsed().as_secs_f64());
    let since_epoch = counters.began_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    page.value(&STARTED, since_epoch.as_secs_f64());
    let process = Process::measure();
    for (metric, value) in [(&RESIDENT, process.resident_bytes), (&OPEN_FILES, process.open_files)] {
        if let Some(value) = value {
            page.value(metric, value);
        }
    }
    page.value(&VIPS_MEMORY, vips_ops::vips::tracked_memory());
}

fn requests(page: &mut Scrape<'_>, shared: &Shared) {
    let counters = &shared.counters;
    let requests = counters.requests();
    page.values(
        &REQUESTS,
        requests.map(|(route, status, cache, count)| ([route.name(), status, cache], count)),
    );
    page.histograms(&REQUEST_SECONDS, [([], counters.request_seconds.inner())]);
    page.value(&RESPONSE_BYTES, counters.response_bytes());
    page.value(&IN_FLIGHT, shared.in_flight());
    let open = |listener: ListenerKind| counters.connections(listener).load(Relaxed);
    page.values(&CONNECTIONS, ListenerKind::ALL.map(|listener| ([listener.name()], open(listener))));
    tally(page, &MALFORMED, &counters.malformed);
    tally(page, &ERRORS, &counters.failures);
    page.values(&SIGNED, shared.signer.iter().flat_map(Signer::uses).map(|(key, count)| ([key], count)));
    page.histograms(&PHASE_SECONDS, counters.phases.iter().map(|(phase, spent)| ([phase], spent.inner())));
}

fn tally(page: &mut Scrape<'_>, metric: &Metric, tally: &LabelCounts) {
    page.values(metric, tally.read().into_iter().map(|(name, count)| ([name], count)));
}

fn rendering(page: &mut Scrape<'_>, shared: &Shared) {
    let renders = || shared.counters.renders.iter();
    page.values(&RENDERS, renders().map(|(formats, count)| (formats, count.renders.get())));
    page.values(&RENDER_OUTPUT, renders().map(|(formats, count)| (formats, count.bytes.get())));
    let load = shared.rendering.renderer.pool().load();
    page.value(&RENDER_THREADS, shared.config.workers.thread_count());
    page.value(&RENDER_RUNNING, load.running);
    page.value(&RENDER_WAITING, load.waiting);
    page.value(&RENDER_OLDEST, load.oldest.as_secs_f64());
    page.value(&RENDER_JOBS, load.begun);
    page.values(
        &RENDER_QUEUED,
        load.queued.iter().map(|(class, queued)| ([class.name()], queued.as_secs_f64())),
    );
    page.value(&RENDER_MEMORY, load.running_bytes);
    page.value(&RENDER_MEMORY_LIMIT, load.memory);
    page.values(&RENDER_REFUSALS, load.refusals.iter().map(|(reason, count)| ([reason], count)));
    let ratios = shared.rendering.renderer.pool().ratios().iter();
    page.histograms(&RENDER_COST_RATIO, ratios.map(|(class, ratios)| ([class.name()], ratios.inner())));
    page.values(
        &RENDER_COST_CORRECTION,
        load.correction.iter().map(|(class, factor)| ([class.name()], *factor)),
    );
}

fn worker_processes(page: &mut Scrape<'_>, shared: &Shared) {
    page.value(&QUARANTINED, shared.rendering.quarantine.len());
    let stats = shared.rendering.renderer.processes().unwrap_or_default();
    page.values(&WORKERS, [(["busy"], stats.alive - stats.idle), (["idle"], stats.idle)]);
    page.values(&WORKER_STARTS, [(["started"], stats.started), (["failed"], stats.start_failures)]);
    page.value(&WORKER_RECYCLED, stats.recycled);
    page.value(&RENDER_CPU, stats.cpu.as_secs_f64());
    page.value(&RENDER_CRASHES, stats.crashes);
    for (metric, counts) in [(&RENDER_STOPS, stats.stops), (&RENDER_KILLS, stats.kills)] {
        page.values(
            metric,
            Reason::ALL.into_iter().zip(counts).map(|(reason, count)| ([reason.name()], count)),
        );
    }
}

fn inference(page: &mut Scrape<'_>, shared: &Shared) {
    let counted = |question: AnalysisKind| ([question.name()], shared.counters.inferences(question));
    let seconds =
        AnalysisKind::ALL.map(|question| (counted(question).0, counted(question).1.seconds.inner()));
    page.histograms(&INFERENCE_SECONDS, seconds);
    let refusals = |question| (counted(question).0, counted(question).1.refusals.load(Relaxed));
    page.values(&INFERENCE_REFUSALS, AnalysisKind::ALL.map(refusals));
}

fn origins(page: &mut Scrape<'_>, shared: &Shared) {
    page.histograms(&ORIGIN_SECONDS, [([], shared.counters.origin_seconds.inner())]);
    tally(page, &ORIGIN_FETCHES, &shared.counters.origin_fetches);
    let numbers: [HostNumber; 3] = [
        (&HOST_IN_FLIGHT, |load| load.in_flight),
        (&HOST_WAITING, |load| load.waiting),
        (&HOST_CIRCUITS, |load| load.open),
    ];
    let loads = hosts::by_origin(&shared.config, &shared.origins.hosts);
    for (metric, number) in numbers {
        page.values(metric, loads.iter().map(|(origin, load)| ([origin.as_str()], number(load))));
    }
    let totals = shared.origins.hosts.stats();
    page.values(&HOST_REFUSALS, [(["busy"], totals.rejected_busy), (["circuit_open"], totals.rejected_open)]);
    page.value(&HOST_OPENED, totals.circuits_opened);
    page.values(&COALESCING, shared.operations.in_flight().map(|(kind, in_flight)| ([kind], in_flight)));
}

fn uploads(page: &mut Scrape<'_>, shared: &Shared) {
    page.value(&UPLOAD_BYTES, shared.upload_memory.reserved_bytes());
    page.value(&JOBS, shared.jobs.len());
    page.values(
        &UPLOAD_REFUSALS,
        [(["memory"], shared.upload_memory.refusals()), (["queue"], shared.jobs.refusals())],
    );
}

fn cluster(page: &mut Scrape<'_>, shared: &Shared) {
    let stats = shared.caches.coordinator.stats();
    if shared.caches.coordinator.is_clustered() {
        page.value(&REDIS_CONNECTED, u64::from(stats.is_connected));
    }
    let nodes = shared.config_drift.nodes();
    page.values(&CLUSTER_NODES, nodes.iter().map(|(fingerprint, nodes)| ([fingerprint.as_str()], *nodes)));
    let leases = [
        ("granted", stats.leases_granted),
        ("refused", stats.leases_refused),
        ("taken_over", stats.leases_taken_over),
    ];
    page.values(&LEASES, leases.map(|(outcome, count)| ([outcome], count)));
    page.value(&PURGES_MADE, stats.purges_made);
    page.value(&PURGES_RECEIVED, stats.purges_received);
}

fn caches(page: &mut Scrape<'_>, shared: &Shared) {
    let caches = [("results", shared.caches.results.stats()), ("originals", shared.caches.originals.stats())];
    let numbers: [TierNumber; 8] = [
        (&CACHE_HITS, |tier| tier.hits),
        (&CACHE_MISSES, |tier| tier.misses),
        (&CACHE_PUTS, |tier| tier.puts),
        (&CACHE_EVICTIONS, |tier| tier.evictions),
        (&CACHE_FAILURES, |tier| tier.failures),
        (&CACHE_DROPPED, |tier| tier.dropped),
        (&CACHE_CORRUPT, |tier| tier.corrupt),
        (&CACHE_CAPACITY, |tier| tier.capacity),
    ];
    let all: Vec<_> = caches
        .iter()
        .flat_map(|(cache, stats)| tiers(stats).map(move |(tier, stats)| ([*cache, tier], stats)))
        .collect();
    for (metric, number) in numbers {
        page.values(metric, all.iter().map(|(labels, stats)| (*labels, number(stats))));
    }
    // what the tiers count in bytes is not the same, so it is not the same metric
    for (metric, wanted) in [(&CACHE_HELD, "memory"), (&CACHE_WRITTEN, "disk"), (&CACHE_QUEUED, "redis")] {
        let of_tier = all.iter().filter(|([_, tier], _)| *tier == wanted);
        page.values(metric, of_tier.map(|([cache, _], stats)| ([*cache], stats.bytes)));
    }
    page.values(&CACHE_OVERSIZE, caches.iter().map(|(cache, stats)| ([*cache], stats.oversize)));
}

/// The tiers that there are.
pub fn tiers(stats: &Stats) -> impl Iterator<Item = (&'static str, TierStats)> {
    stats.tiers.iter().map(|(tier, stats)| (tier.name(), *stats))
}
