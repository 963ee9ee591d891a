//! `/metrics`: the values of the metrics that `telemetry/metrics.rs` defines, in Prometheus' text format.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::UNIX_EPOCH,
};

use result_cache::{Stats, TierStats};

pub use crate::telemetry::scrape::CONTENT_TYPE;
use crate::{
    model::analysis::AnalysisKind,
    refine::{Outcome, SharedRefinement},
    render::Reason,
    signing::Signer,
    state::Shared,
    telemetry::{
        access_log, allocator,
        counters::{LabelCounts, ListenerKind},
        export_losses::Signal,
        hosts::{self, Load},
        metrics::{self as m, Metric},
        process::Process,
        scrape::{self, Scrape},
    },
};

/// A metric, and its value in the statistics of a cache tier.
type TierNumber = (&'static Metric, fn(&TierStats) -> u64);

/// A metric, and its value in the load of hosts.
type HostNumber = (&'static Metric, fn(&Load) -> usize);

/// The body of the page.
pub fn text(shared: &Arc<Shared>) -> String {
    let shared = Arc::clone(shared);
    scrape::text(move |page| {
        process(page, &shared);
        requests(page, &shared);
        rendering(page, &shared);
        worker_processes(page, &shared);
        refinement(page, &shared);
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
    page.values(&m::BUILD, [([env!("CARGO_PKG_VERSION"), &libvips, &shared.fingerprint], 1u64)]);
    page.value(&m::UPTIME, counters.began.elapsed().as_secs_f64());
    let since_epoch = counters.began_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    page.value(&m::STARTED, since_epoch.as_secs_f64());
    let process = Process::measure();
    for (metric, value) in [(&m::RESIDENT, process.resident_bytes), (&m::OPEN_FILES, process.open_files)] {
        if let Some(value) = value {
            page.value(metric, value);
        }
    }
    page.value(&m::VIPS_MEMORY, vips_ops::vips::tracked_memory());
    if let Some(memory) = allocator::measure() {
        page.values(&m::ALLOCATOR, memory.by_state().map(|(state, bytes)| ([state], bytes)));
    }
    page.value(&m::WORKER_MEMORY, shared.rendering.renderer.process_memory());
}

fn requests(page: &mut Scrape<'_>, shared: &Shared) {
    let counters = &shared.counters;
    let requests = counters.requests();
    page.values(
        &m::REQUESTS,
        requests.map(|(route, status, cache, count)| ([route.name(), status, cache], count)),
    );
    page.histograms(&m::REQUEST_SECONDS, [([], counters.request_seconds.inner())]);
    page.value(&m::RESPONSE_BYTES, counters.response_bytes());
    page.value(&m::IN_FLIGHT, shared.in_flight());
    let open = |listener: ListenerKind| counters.connections(listener).load(Relaxed);
    page.values(&m::CONNECTIONS, ListenerKind::ALL.map(|listener| ([listener.name()], open(listener))));
    tally(page, &m::MALFORMED, &counters.malformed);
    page.value(&m::ACCESS_DROPPED, access_log::dropped());
    page.values(&m::OTLP_DROPPED, Signal::ALL.map(|signal| ([signal.name()], signal.lost())));
    tally(page, &m::ERRORS, &counters.failures);
    page.values(&m::SIGNED, shared.signer.iter().flat_map(Signer::uses).map(|(key, count)| ([key], count)));
    page.histograms(&m::PHASE_SECONDS, counters.phases.iter().map(|(phase, spent)| ([phase], spent.inner())));
}

fn tally(page: &mut Scrape<'_>, metric: &Metric, tally: &LabelCounts) {
    page.values(metric, tally.read().into_iter().map(|(name, count)| ([name], count)));
}

fn rendering(page: &mut Scrape<'_>, shared: &Shared) {
    let renders = || shared.counters.renders.iter();
    page.values(&m::RENDERS, renders().map(|(formats, count)| (formats, count.renders.get())));
    page.values(&m::CODECS, shared.counters.codecs.read());
    page.values(&m::JPEG_DECODES, shared.counters.codecs.read_jpeg_divisors());
    page.values(&m::RENDER_OUTPUT, renders().map(|(formats, count)| (formats, count.bytes.get())));
    let load = shared.rendering.renderer.pool().load();
    page.value(&m::RENDER_THREADS, shared.config.workers.thread_count());
    page.value(&m::RENDER_RUNNING, load.running);
    page.value(&m::RENDER_WAITING, load.waiting);
    page.value(&m::RENDER_OLDEST, load.oldest.as_secs_f64());
    page.value(&m::RENDER_JOBS, load.begun);
    page.value(&m::SHARED_DECODES, load.shared_decodes);
    page.values(
        &m::RENDER_QUEUED,
        load.queued.iter().map(|(class, queued)| ([class.name()], queued.as_secs_f64())),
    );
    page.value(&m::RENDER_MEMORY, load.running_bytes);
    page.value(&m::RENDER_MEMORY_LIMIT, load.memory);
    page.values(&m::RENDER_REFUSALS, load.refusals.iter().map(|(reason, count)| ([reason], count)));
    let ratios = shared.rendering.renderer.pool().ratios().iter();
    page.histograms(&m::RENDER_COST_RATIO, ratios.map(|(class, ratios)| ([class.name()], ratios.inner())));
    page.values(
        &m::RENDER_COST_CORRECTION,
        load.correction.iter().map(|(class, factor)| ([class.name()], *factor)),
    );
}

fn worker_processes(page: &mut Scrape<'_>, shared: &Shared) {
    page.value(&m::QUARANTINED, shared.rendering.quarantine.len());
    let stats = shared.rendering.renderer.processes().unwrap_or_default();
    page.values(&m::WORKERS, [(["busy"], stats.alive - stats.idle), (["idle"], stats.idle)]);
    page.values(&m::WORKER_STARTS, [(["started"], stats.started), (["failed"], stats.start_failures)]);
    page.value(&m::WORKER_RECYCLED, stats.recycled);
    page.value(&m::RENDER_CPU, stats.cpu.as_secs_f64());
    page.value(&m::RENDER_CRASHES, stats.crashes);
    for (metric, counts) in [(&m::RENDER_STOPS, stats.stops), (&m::RENDER_KILLS, stats.kills)] {
        page.values(
            metric,
            Reason::ALL.into_iter().zip(counts).map(|(reason, count)| ([reason.name()], count)),
        );
    }
}

fn refinement(page: &mut Scrape<'_>, shared: &Shared) {
    let refinement = shared.refinement.as_deref();
    let outcomes = Outcome::ALL.map(|outcome| {
        ([outcome.name()], refinement.map_or(0, |refinement| refinement.outcomes()[outcome as usize].1))
    });
    page.values(&m::REFINEMENTS, outcomes);
    page.value(&m::REFINED_BYTES, refinement.map_or(0, SharedRefinement::saved_bytes));
    page.value(&m::REFINE_BUSY, refinement.map_or(0.0, |refinement| refinement.busy().as_secs_f64()));
    page.value(&m::REFINE_QUEUE, refinement.map_or(0, SharedRefinement::queued));
}

fn inference(page: &mut Scrape<'_>, shared: &Shared) {
    let counted = |question: AnalysisKind| ([question.name()], shared.counters.inferences(question));
    let seconds =
        AnalysisKind::ALL.map(|question| (counted(question).0, counted(question).1.seconds.inner()));
    page.histograms(&m::INFERENCE_SECONDS, seconds);
    let refusals = |question| (counted(question).0, counted(question).1.refusals.load(Relaxed));
    page.values(&m::INFERENCE_REFUSALS, AnalysisKind::ALL.map(refusals));
}

fn origins(page: &mut Scrape<'_>, shared: &Shared) {
    page.histograms(&m::ORIGIN_SECONDS, [([], shared.counters.origin_seconds.inner())]);
    tally(page, &m::ORIGIN_FETCHES, &shared.counters.origin_fetches);
    let numbers: [HostNumber; 3] = [
        (&m::HOST_IN_FLIGHT, |load| load.in_flight),
        (&m::HOST_WAITING, |load| load.waiting),
        (&m::HOST_CIRCUITS, |load| load.open),
    ];
    let loads = hosts::by_origin(&shared.config, &shared.origins.hosts);
    for (metric, number) in numbers {
        page.values(metric, loads.iter().map(|(origin, load)| ([origin.as_str()], number(load))));
    }
    let totals = shared.origins.hosts.stats();
    page.values(
        &m::HOST_REFUSALS,
        [(["busy"], totals.rejected_busy), (["circuit_open"], totals.rejected_open)],
    );
    page.value(&m::HOST_OPENED, totals.circuits_opened);
    page.values(&m::COALESCING, shared.operations.in_flight().map(|(kind, in_flight)| ([kind], in_flight)));
}

fn uploads(page: &mut Scrape<'_>, shared: &Shared) {
    page.value(&m::UPLOAD_BYTES, shared.upload_memory.reserved_bytes());
    page.value(&m::JOBS, shared.jobs.unfinished_count());
    page.values(
        &m::UPLOAD_REFUSALS,
        [(["memory"], shared.upload_memory.refusals()), (["queue"], shared.jobs.refusals())],
    );
}

fn cluster(page: &mut Scrape<'_>, shared: &Shared) {
    let stats = shared.caches.coordinator.stats();
    if shared.caches.coordinator.is_clustered() {
        page.value(&m::REDIS_CONNECTED, u64::from(stats.is_connected));
    }
    let nodes = shared.config_drift.nodes();
    page.values(&m::CLUSTER_NODES, nodes.iter().map(|(fingerprint, nodes)| ([fingerprint.as_str()], *nodes)));
    let leases = [
        ("granted", stats.leases_granted),
        ("refused", stats.leases_refused),
        ("taken_over", stats.leases_taken_over),
    ];
    page.values(&m::LEASES, leases.map(|(outcome, count)| ([outcome], count)));
    page.value(&m::PURGES_MADE, stats.purges_made);
    page.value(&m::PURGES_RECEIVED, stats.purges_received);
}

fn caches(page: &mut Scrape<'_>, shared: &Shared) {
    let caches = [("results", shared.caches.results.stats()), ("originals", shared.caches.originals.stats())];
    let numbers: [TierNumber; 8] = [
        (&m::CACHE_HITS, |tier| tier.hits),
        (&m::CACHE_MISSES, |tier| tier.misses),
        (&m::CACHE_PUTS, |tier| tier.puts),
        (&m::CACHE_EVICTIONS, |tier| tier.evictions),
        (&m::CACHE_FAILURES, |tier| tier.failures),
        (&m::CACHE_DROPPED, |tier| tier.dropped),
        (&m::CACHE_CORRUPT, |tier| tier.corrupt),
        (&m::CACHE_CAPACITY, |tier| tier.capacity),
    ];
    let all: Vec<_> = caches
        .iter()
        .flat_map(|(cache, stats)| tiers(stats).map(move |(tier, stats)| ([*cache, tier], stats)))
        .collect();
    for (metric, number) in numbers {
        page.values(metric, all.iter().map(|(labels, stats)| (*labels, number(stats))));
    }
    // bytes held, written and queued are different metrics
    for (metric, wanted) in
        [(&m::CACHE_HELD, "memory"), (&m::CACHE_WRITTEN, "disk"), (&m::CACHE_QUEUED, "redis")]
    {
        let of_tier = all.iter().filter(|([_, tier], _)| *tier == wanted);
        page.values(metric, of_tier.map(|([cache, _], stats)| ([*cache], stats.bytes)));
    }
    page.values(&m::CACHE_OVERSIZE, caches.iter().map(|(cache, stats)| ([*cache], stats.oversize)));
}

/// The tiers that are configured.
pub fn tiers(stats: &Stats) -> impl Iterator<Item = (&'static str, TierStats)> {
    stats.tiers.iter().map(|(tier, stats)| (tier.name(), *stats))
}
