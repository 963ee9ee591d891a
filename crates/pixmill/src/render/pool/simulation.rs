//! Simulation of the scheduler under load, with a simulated clock. The constants of `queue.rs` and `overload.rs` were chosen
//! by it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    class::{Class, PerClass},
    refusal::Refusal,
    scheduler::{Limits, Next, Scheduler, Task},
};
use crate::render::Cost;

/// The number of threads of a small node.
const THREADS: usize = 2;

/// The default of `limits.deadline`.
const DEADLINE: Duration = Duration::from_secs(20);

/// Maximum duration of a cheap request.
const CHEAP: Duration = Duration::from_millis(250);

/// Minimum duration of an expensive request.
const EXPENSIVE: Duration = Duration::from_secs(1);

/// A seeded pseudo-random number generator (`SplitMix64`).
struct Rng(u64);

impl Rng {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A log-uniformly distributed number between these.
    fn log_uniform(&mut self, least: f64, most: f64) -> f64 {
        least * (most / least).powf(self.uniform())
    }

    /// The time until the next of `rate` events per second (exponentially distributed).
    fn interval(&mut self, rate: f64) -> Duration {
        Duration::from_secs_f64(-(1.0 - self.uniform()).ln() / rate)
    }
}

/// A request, with its predicted and its actual cost.
#[derive(Debug, Clone, Copy)]
struct Request {
    class: Class,
    predicted: Duration,
    actual: Duration,
    bytes: u64,
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Served { waited: Duration, took: Duration },
    Refused,
    Dropped,
}

/// Cost of a request, in seconds: mostly thumbnails, some photographs, a few expensive ones.
fn usual(rng: &mut Rng) -> f64 {
    match rng.uniform() {
        kind if kind < 0.70 => rng.log_uniform(0.01, 0.06),
        kind if kind < 0.95 => rng.log_uniform(0.06, 0.3),
        kind if kind < 0.99 => rng.log_uniform(0.3, 1.0),
        _ => rng.log_uniform(1.0, 2.0),
    }
}

/// Cost of a request, in seconds: log-uniformly distributed from 10 ms to 2 s.
fn wide(rng: &mut Rng) -> f64 {
    rng.log_uniform(0.01, 2.0)
}

/// A request for a picture whose prediction is right within a factor of 1.6.
fn picture(rng: &mut Rng, seconds: f64) -> Request {
    let actual = Duration::from_secs_f64(seconds);
    let predicted = Duration::from_secs_f64(seconds * rng.log_uniform(0.625, 1.6));
    Request { class: Class::Picture, predicted, actual, bytes: 0 }
}

/// Poisson arrivals in this range of seconds, whose work is `load` times the capacity of the threads.
fn poisson(
    rng: &mut Rng,
    load: f64,
    seconds: (u64, u64),
    costs: fn(&mut Rng) -> f64,
) -> Vec<(Duration, Request)> {
    let mean = (0..10_000).map(|_| costs(rng)).sum::<f64>() / 10_000.0;
    let rate = load * THREADS as f64 / mean;
    let (mut now, end) = (Duration::from_secs(seconds.0), Duration::from_secs(seconds.1));
    let mut arrivals = Vec::new();
    while now < end {
        let cost = costs(rng);
        arrivals.push((now, picture(rng, cost)));
        now += rng.interval(rate);
    }
    arrivals
}

fn limits() -> Limits {
    Limits {
        threads: THREADS,
        queue: 256,
        memory: 1 << 40,
        deadline: DEADLINE,
        shares: PerClass::from_fn(|class| match class {
            Class::Picture => 8,
            Class::Vision => 4,
            Class::Async => 2,
            Class::Warming | Class::Refine => 1,
        }),
    }
}

/// The outcomes of a run, in the order of arrival.
struct Report {
    outcomes: Vec<(Duration, Request, Outcome)>,
}

/// Runs arrivals through a scheduler, until all work has ended.
fn run(limits: Limits, mut arrivals: Vec<(Duration, Request)>) -> Report {
    arrivals.sort_by_key(|(at, _)| *at);
    let origin = Instant::now();
    let mut scheduler = Scheduler::new(limits);
    let mut outcomes: Vec<_> = vec![None; arrivals.len()];
    // sorted by the time of the end
    let mut running = BTreeSet::new();
    let mut coming = arrivals.iter().copied().enumerate().peekable();
    loop {
        let arrival = coming.peek().map(|(_, (at, _))| *at);
        let end = running.first().map(|(at, _)| *at);
        let now = match (arrival, end) {
            (None, None) => break,
            (Some(arrival), Some(end)) => arrival.min(end),
            (Some(one), None) | (None, Some(one)) => one,
        };
        if end == Some(now) {
            let (_, number) = running.pop_first().unwrap();
            scheduler.end(origin + now, number, true);
        } else {
            let (index, (_, request)) = coming.next().unwrap();
            if arrive(&mut scheduler, origin + now, request, index).is_err() {
                outcomes[index] = Some(Outcome::Refused);
            }
        }
        loop {
            match scheduler.next(origin + now) {
                Next::Run { number, waited, work, .. } => {
                    let took = arrivals[work].1.actual;
                    running.insert((now + took, number));
                    outcomes[work] = Some(Outcome::Served { waited, took });
                }
                Next::Drop { work, .. } => outcomes[work] = Some(Outcome::Dropped),
                Next::Idle => break,
            }
        }
    }
    let outcomes =
        arrivals.iter().zip(outcomes).map(|((at, request), outcome)| (*at, *request, outcome.unwrap()));
    Report { outcomes: outcomes.collect() }
}

/// The arrival of a request: a check whether it would be refused (its original would be fetched then), and admission.
fn arrive(
    scheduler: &mut Scheduler<usize>,
    now: Instant,
    request: Request,
    index: usize,
) -> Result<(), Refusal> {
    if let Some(refusal) = scheduler.would_refuse(now, request.class) {
        return Err(refusal);
    }
    let cost = Cost { cpu: request.predicted, bytes: request.bytes };
    let task = Task { class: request.class, cost, deadline: now + DEADLINE, decode: None };
    let admission = scheduler.admit(now, task)?;
    scheduler.enter(now, admission, index);
    Ok(())
}

impl Report {
    /// Work completed in this range of seconds, as a fraction of the capacity of the threads.
    fn goodput(&self, from: u64, to: u64) -> f64 {
        let (from, to) = (Duration::from_secs(from), Duration::from_secs(to));
        let mut done = Duration::ZERO;
        for (at, _, outcome) in &self.outcomes {
            if let Outcome::Served { waited, took } = outcome {
                let (began, ended) = (*at + *waited, *at + *waited + *took);
                done += ended.min(to).saturating_sub(began.max(from));
            }
        }
        done.as_secs_f64() / (THREADS as f64 * to.abs_diff(from).as_secs_f64())
    }

    /// Sorted response times of served requests that match the filter.
    fn times(&self, filter: impl Fn(&Request) -> bool) -> Vec<Duration> {
        let served =
            self.outcomes.iter().filter(|(_, request, _)| filter(request)).filter_map(|(_, _, outcome)| {
                match outcome {
                    Outcome::Served { waited, took } => Some(*waited + *took),
                    _ => None,
                }
            });
        let mut times: Vec<_> = served.collect();
        times.sort();
        times
    }

    fn count(&self, which: impl Fn(&Request, &Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|(_, request, outcome)| which(request, outcome)).count()
    }

    /// The fraction of dropped requests among all that were not served.
    fn late(&self) -> f64 {
        let dropped = self.count(|_, outcome| matches!(outcome, Outcome::Dropped));
        let refused = self.count(|_, outcome| matches!(outcome, Outcome::Refused));
        dropped as f64 / (dropped + refused).max(1) as f64
    }

    /// The fraction of the requests that match the filter that was served.
    fn served(&self, filter: impl Fn(&Request) -> bool) -> f64 {
        let served =
            self.count(|request, outcome| filter(request) && matches!(outcome, Outcome::Served { .. }));
        served as f64 / self.count(|request, _| filter(request)).max(1) as f64
    }
}

fn percentile(times: &[Duration], percent: usize) -> Duration {
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn is_expensive(request: &Request) -> bool {
    request.actual >= EXPENSIVE
}

fn is_cheap(request: &Request) -> bool {
    request.actual <= CHEAP
}

/// Checks a minute of arrivals at `load` times the capacity. The fewer requests a run has, the more seeds are needed.
fn check_overload(load: f64, costs: fn(&mut Rng) -> f64, seeds: u64) {
    let (mut times, mut late, mut goodput, mut expensive, mut cheap) = (Vec::new(), 0.0, 0.0, 0.0, 0.0);
    for seed in 0..seeds {
        let report = run(limits(), poisson(&mut Rng(seed), load, (0, 60), costs));
        times.extend(report.times(is_cheap));
        goodput += report.goodput(1, 60) / seeds as f64;
        late += report.late() / seeds as f64;
        expensive += report.served(is_expensive);
        cheap += report.served(is_cheap);
    }
    times.sort();
    let slowest = percentile(&times, 99);
    assert!(goodput >= MIN_GOODPUT, "load {load}: goodput {goodput}");
    assert!(slowest <= Duration::from_secs(1), "load {load}: p99 {slowest:?}");
    assert!(late <= MAX_LATE, "load {load}: late {late}");
    assert!(expensive >= MIN_EXPENSIVE_RATIO * cheap, "load {load}: {expensive}, cheap {cheap}");
}

/// Minimum goodput as a fraction of the capacity. The rest is lost while few large tasks wait and a thread is idle.
const MIN_GOODPUT: f64 = 0.95;

/// Maximum fraction of dropped requests among all that were not served.
const MAX_LATE: f64 = 0.025;

/// Expensive requests are served at least this often compared with cheap ones.
const MIN_EXPENSIVE_RATIO: f64 = 0.75;

#[test]
fn served_requests_wait_less_than_a_second_in_an_overload() {
    check_overload(2.0, usual, 4);
    check_overload(10.0, usual, 2);
    check_overload(2.0, wide, 16);
    check_overload(10.0, wide, 4);
}

#[test]
fn many_small_requests_are_an_overload_too() {
    let mut rng = Rng(1);
    let report = run(limits(), poisson(&mut rng, 10.0, (0, 20), |_| 0.01));
    let times = report.times(is_cheap);
    assert!(percentile(&times, 95) <= Duration::from_secs(1), "{:?}", percentile(&times, 95));
    assert!(report.goodput(1, 20) >= MIN_GOODPUT);
}

#[test]
fn mispredicted_costs_are_corrected() {
    for factor in [0.4, 3.0] {
        let mut rng = Rng(1);
        let mut arrivals = poisson(&mut rng, 2.0, (0, 60), usual);
        for (_, request) in &mut arrivals {
            request.predicted = request.predicted.div_f64(factor);
        }
        let report = run(limits(), arrivals);
        assert!(report.goodput(1, 60) >= MIN_GOODPUT, "{factor}");
        let slowest = percentile(&report.times(is_cheap), 99);
        assert!(slowest <= Duration::from_millis(1100), "{factor}: {slowest:?}");
    }
}

#[test]
fn a_burst_is_served_completely() {
    for (count, spreads) in [(100, [0, 3]), (250, [0, 1])] {
        for spread in spreads {
            let at = |number| Duration::from_millis(1000 + spread * number);
            let arrivals = (0..count).map(|number| (at(number), picture(&mut Rng(number), 0.06)));
            let report = run(limits(), arrivals.collect());
            let unserved = report.count(|_, outcome| !matches!(outcome, Outcome::Served { .. }));
            assert_eq!(unserved, 0, "{count}, one every {spread} ms");
        }
    }
}

#[test]
fn a_burst_beside_light_load_is_served_almost_completely() {
    let mut unserved = 0;
    for seed in 0..10 {
        let mut rng = Rng(seed);
        let mut arrivals = poisson(&mut rng, 0.3, (0, 30), usual);
        arrivals.extend((0..100).map(|n| (Duration::from_millis(10_000 + 3 * n), picture(&mut rng, 0.06))));
        let report = run(limits(), arrivals);
        unserved += report.count(|_, outcome| !matches!(outcome, Outcome::Served { .. }));
    }
    assert!(unserved <= 30, "{unserved} of all requests not served");
}

#[test]
fn cheap_requests_gain_more_than_expensive_ones_lose() {
    // few requests are refused at this load, so that the times can be compared with first come, first served
    let (mut cheap, mut expensive) = (Vec::new(), Vec::new());
    for seed in 0..8 {
        let report = run(limits(), poisson(&mut Rng(seed), 0.8, (0, 60), usual));
        cheap.extend(report.times(is_cheap));
        expensive.extend(report.times(is_expensive));
        assert!(report.served(|_| true) > 0.93, "seed {seed}: {}", report.served(|_| true));
    }
    let mean = |times: &[Duration]| times.iter().sum::<Duration>() / times.len() as u32;
    // measured with COST_WEIGHT at 0: 237 ms and 1.6 s
    assert!(mean(&cheap) < Duration::from_millis(190), "{:?}", mean(&cheap));
    assert!(mean(&expensive) < Duration::from_millis(1900), "{:?}", mean(&expensive));
}

#[test]
fn background_work_gets_its_share_only() {
    let mut rng = Rng(1);
    let mut arrivals = poisson(&mut rng, 0.5, (0, 60), usual);
    // more than the share of background work
    for number in 0..2000 {
        let class = if number % 2 == 0 { Class::Async } else { Class::Warming };
        let request = Request { class, ..picture(&mut rng, 0.1) };
        arrivals.push((Duration::from_millis(30 * number), request));
    }
    let report = run(limits(), arrivals);
    let pictures = report.times(|request| is_cheap(request) && request.class == Class::Picture);
    assert!(percentile(&pictures, 99) <= Duration::from_secs(1), "{:?}", percentile(&pictures, 99));
    let served = |class| report.served(|request| request.class == class);
    assert!(served(Class::Picture) >= 0.95, "{}", served(Class::Picture));
    assert!(served(Class::Async) >= 0.3, "{}", served(Class::Async));
    assert!(served(Class::Warming) >= 0.15, "{}", served(Class::Warming));
    assert!(report.goodput(1, 60) >= MIN_GOODPUT);
}

#[test]
fn memory_is_scheduled_like_threads() {
    let limits = Limits { memory: 1 << 30, ..limits() };
    for seed in 0..4 {
        let mut rng = Rng(seed);
        let mut arrivals = poisson(&mut rng, 2.0, (0, 60), usual);
        for (_, request) in &mut arrivals {
            // one in ten needs three quarters of the memory
            request.bytes = if rng.uniform() < 0.1 { 3 << 28 } else { 1 << 26 };
        }
        let report = run(limits, arrivals);
        assert!(report.goodput(1, 60) >= 0.9, "seed {seed}: {}", report.goodput(1, 60));
        let large = report.served(|request| request.bytes > 1 << 29);
        let small = report.served(|request| request.bytes < 1 << 29);
        assert!(large >= 0.7 * small, "seed {seed}: {large} of the large, {small} of the small ones");
    }
}
