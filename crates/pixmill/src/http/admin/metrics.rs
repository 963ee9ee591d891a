//! `/metrics`: every number of the server, for Prometheus.

use std::{sync::atomic::Ordering::Relaxed, time::UNIX_EPOCH};

use result_cache::{Stats, TierStats};

pub use crate::telemetry::exposition::CONTENT_TYPE;
use crate::{
    render::Reason,
    sight::Question,
    signing::Signer,
    state::Shared,
    telemetry::{
        counters::Listening,
        exposition::Exposition,
        hosts::{self, Load},
        metrics::{
            BUILD, CACHE_BYTES, CACHE_CAPACITY, CACHE_CORRUPT, CACHE_DROPPED, CACHE_EVICTIONS,
            CACHE_FAILURES, CACHE_HITS, CACHE_MISSES, CACHE_OVERSIZE, CACHE_PUTS, CLUSTER_NODES, CONNECTIONS,
            FAILURES, FLIGHTS, HOST_CIRCUITS, HOST_OPENED, HOST_PLACES, HOST_REFUSALS, HOST_WAITING,
            IN_FLIGHT, INFERENCE_REFUSALS, INFERENCE_SECONDS, JOBS, LEASES, MALFORMED, Metric, OPEN_FILES,
            ORIGIN_FETCHES, ORIGIN_SECONDS, PHASE_SECONDS, POOL_BEGUN, POOL_BYTES, POOL_CORRECTION,
            POOL_COST, POOL_MEMORY, POOL_OLDEST, POOL_QUEUED, POOL_REFUSALS, POOL_RUNNING, POOL_THREADS,
            POOL_WAITING, PURGES_MADE, PURGES_RECEIVED, QUARANTINED, REDIS_CONNECTED, RENDER_CPU,
            RENDER_CRASHES, RENDER_KILLS, RENDER_STOPS, REQUEST_SECONDS, REQUESTS, RESIDENT, RESPONSE_BYTES,
            SIGNED, STARTED, UPLOAD_BYTES, UPLOAD_REFUSALS, UPTIME, VIPS_MEMORY, WORKER_RECYCLED,
            WORKER_STARTS, WORKERS,
        },
        process::Process,
    },
};

/// A metric, and its number in what a tier counts.
type Number = (&'static Metric, fn(&TierStats) -> u64);

/// A metric, and its number in the load of hosts.
type HostNumber = (&'static Metric, fn(&Load) -> usize);

/// The text of the page.
pub fn text(shared: &Shared) -> String {
    let mut page = Exposition::default();
    tell_process(&mut page, shared);
    tell_requests(&mut page, shared);
    tell_pool(&mut page, shared);
    tell_work(&mut page, shared);
    tell_peers(&mut page, shared);
    tell_caches(&mut page, shared);
    page.text()
}

fn tell_process(page: &mut Exposition, shared: &Shared) {
    let counters = &shared.counters;
    let build = [env!("CARGO_PKG_VERSION"), &vips_ops::vips::version(), &shared.fingerprint];
    page.tell(&BUILD, &build, 1);
    page.tell(&UPTIME, &[], counters.began.elapsed().as_secs_f64());
    let since_epoch = counters.began_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    page.tell(&STARTED, &[], since_epoch.as_secs_f64());
    let process = Process::ask();
    for (metric, value) in [(&RESIDENT, process.resident_bytes), (&OPEN_FILES, process.open_files)] {
        if let Some(value) = value {
            page.tell(metric, &[], value);
        }
    }
    page.tell(&VIPS_MEMORY, &[], vips_ops::vips::tracked_memory());
}

fn tell_requests(page: &mut Exposition, shared: &Shared) {
    let counters = &shared.counters;
    for (status, source, count) in counters.requests() {
        page.tell(&REQUESTS, &[status, source], count);
    }
    page.tell_histogram(&REQUEST_SECONDS, &[], &counters.request_seconds);
    page.tell(&RESPONSE_BYTES, &[], counters.response_bytes());
    page.tell(&IN_FLIGHT, &[], shared.answering());
    for listener in Listening::ALL {
        page.tell(&CONNECTIONS, &[listener.name()], counters.connections(listener).load(Relaxed));
    }
    for (reason, count) in counters.malformed.read() {
        page.tell(&MALFORMED, &[reason], count);
    }
    for (code, count) in counters.failures.read() {
        page.tell(&FAILURES, &[code], count);
    }
    for (key, count) in shared.signer.iter().flat_map(Signer::uses) {
        page.tell(&SIGNED, &[key], count);
    }
    for (phase, histogram) in counters.phases.iter() {
        page.tell_histogram(&PHASE_SECONDS, &[phase], histogram);
    }
}

fn tell_pool(page: &mut Exposition, shared: &Shared) {
    let load = shared.renderer.pool().load();
    page.tell(&POOL_THREADS, &[], shared.config.workers.thread_count());
    page.tell(&POOL_RUNNING, &[], load.running);
    page.tell(&POOL_WAITING, &[], load.waiting);
    page.tell(&POOL_OLDEST, &[], load.oldest.as_secs_f64());
    page.tell(&POOL_BEGUN, &[], load.begun);
    for (class, queued) in load.queued.iter() {
        page.tell(&POOL_QUEUED, &[class.name()], queued.as_secs_f64());
    }
    page.tell(&POOL_BYTES, &[], load.running_bytes);
    page.tell(&POOL_MEMORY, &[], load.memory);
    for (reason, count) in load.refusals.iter() {
        page.tell(&POOL_REFUSALS, &[reason], count);
    }
    for (class, ratios) in shared.renderer.pool().ratios().iter() {
        page.tell_ratios(&POOL_COST, &[class.name()], ratios);
    }
    for (class, correction) in load.correction.iter() {
        page.tell(&POOL_CORRECTION, &[class.name()], correction);
    }
}

fn tell_work(page: &mut Exposition, shared: &Shared) {
    let counters = &shared.counters;
    tell_processes(page, shared);
    for question in Question::ALL {
        page.tell_histogram(&INFERENCE_SECONDS, &[question.name()], &counters.inferences(question).seconds);
    }
    for question in Question::ALL {
        let refusals = counters.inferences(question).refusals.load(Relaxed);
        page.tell(&INFERENCE_REFUSALS, &[question.name()], refusals);
    }
    page.tell_histogram(&ORIGIN_SECONDS, &[], &counters.origin_seconds);
    for (outcome, count) in counters.origin_fetches.read() {
        page.tell(&ORIGIN_FETCHES, &[outcome], count);
    }
    tell_hosts(page, shared);
    for (kind, under_way) in shared.flights() {
        page.tell(&FLIGHTS, &[kind], under_way);
    }
    page.tell(&UPLOAD_BYTES, &[], shared.room.held_bytes());
    page.tell(&JOBS, &[], shared.background.load());
    page.tell(&UPLOAD_REFUSALS, &["memory"], shared.room.refusals());
    page.tell(&UPLOAD_REFUSALS, &["queue"], shared.background.refusals());
}

fn tell_processes(page: &mut Exposition, shared: &Shared) {
    page.tell(&QUARANTINED, &[], shared.quarantine.len());
    let stats = shared.renderer.processes().unwrap_or_default();
    page.tell(&WORKERS, &["busy"], stats.alive - stats.idle);
    page.tell(&WORKERS, &["idle"], stats.idle);
    page.tell(&WORKER_STARTS, &["started"], stats.started);
    page.tell(&WORKER_STARTS, &["failed"], stats.start_failures);
    page.tell(&WORKER_RECYCLED, &[], stats.recycled);
    page.tell(&RENDER_CPU, &[], stats.cpu.as_secs_f64());
    page.tell(&RENDER_CRASHES, &[], stats.crashes);
    for (metric, counts) in [(&RENDER_STOPS, stats.stops), (&RENDER_KILLS, stats.kills)] {
        for (reason, count) in Reason::ALL.into_iter().zip(counts) {
            page.tell(metric, &[reason.name()], count);
        }
    }
}

fn tell_hosts(page: &mut Exposition, shared: &Shared) {
    let numbers: [HostNumber; 3] = [
        (&HOST_PLACES, |load| load.under_way),
        (&HOST_WAITING, |load| load.waiting),
        (&HOST_CIRCUITS, |load| load.open),
    ];
    let loads = hosts::by_origin(shared);
    for (metric, number) in numbers {
        for (origin, load) in &loads {
            page.tell(metric, &[origin], number(load));
        }
    }
    let totals = shared.hosts.stats();
    page.tell(&HOST_REFUSALS, &["busy"], totals.turned_away);
    page.tell(&HOST_REFUSALS, &["circuit_open"], totals.broken_off);
    page.tell(&HOST_OPENED, &[], totals.opened);
}

fn tell_peers(page: &mut Exposition, shared: &Shared) {
    let stats = shared.peers.stats();
    if shared.peers.is_clustered() {
        page.tell(&REDIS_CONNECTED, &[], u8::from(stats.is_connected));
    }
    for (fingerprint, nodes) in shared.cluster.nodes() {
        page.tell(&CLUSTER_NODES, &[&fingerprint], nodes);
    }
    page.tell(&LEASES, &["granted"], stats.leases_granted);
    page.tell(&LEASES, &["refused"], stats.leases_refused);
    page.tell(&LEASES, &["taken_over"], stats.leases_taken_over);
    page.tell(&PURGES_MADE, &[], stats.purges_made);
    page.tell(&PURGES_RECEIVED, &[], stats.purges_received);
}

fn tell_caches(page: &mut Exposition, shared: &Shared) {
    let caches = [("results", shared.results.stats()), ("originals", shared.originals.stats())];
    let numbers: [Number; 9] = [
        (&CACHE_HITS, |tier| tier.hits),
        (&CACHE_MISSES, |tier| tier.misses),
        (&CACHE_PUTS, |tier| tier.puts),
        (&CACHE_EVICTIONS, |tier| tier.evictions),
        (&CACHE_FAILURES, |tier| tier.failures),
        (&CACHE_DROPPED, |tier| tier.dropped),
        (&CACHE_CORRUPT, |tier| tier.corrupt),
        (&CACHE_BYTES, |tier| tier.bytes),
        (&CACHE_CAPACITY, |tier| tier.capacity),
    ];
    for (metric, number) in numbers {
        for (cache, stats) in &caches {
            for (tier, stats) in tiers(stats) {
                page.tell(metric, &[cache, tier], number(&stats));
            }
        }
    }
    for (cache, stats) in &caches {
        page.tell(&CACHE_OVERSIZE, &[cache], stats.oversize);
    }
}

/// The tiers that there are.
pub fn tiers(stats: &Stats) -> impl Iterator<Item = (&'static str, TierStats)> {
    let tiers = [("memory", stats.memory), ("disk", stats.disk), ("redis", stats.redis)];
    tiers.into_iter().filter_map(|(name, stats)| Some((name, stats?)))
}
