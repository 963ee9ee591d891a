//! The scheduler under load, with a clock of its own: the constants of `queue.rs` and `overload.rs` were chosen by it.

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

/// As many threads as a small node has.
const THREADS: usize = 2;

/// The default of `limits.deadline`.
const DEADLINE: Duration = Duration::from_secs(20);

/// Requests of ordinary cost take at most this long.
const ORDINARY: Duration = Duration::from_millis(250);

/// Requests that take longer than this are dear.
const DEAR: Duration = Duration::from_secs(1);

/// Numbers that look random and are the same every time (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Between these, each order of magnitude equally often.
    fn log_uniform(&mut self, least: f64, most: f64) -> f64 {
        least * (most / least).powf(self.roll())
    }

    /// The time to the next of `rate` events a second.
    fn pause(&mut self, rate: f64) -> Duration {
        Duration::from_secs_f64(-(1.0 - self.roll()).ln() / rate)
    }
}

/// What a request is and takes.
#[derive(Debug, Clone, Copy)]
struct Request {
    class: Class,
    predicted: Duration,
    actual: Duration,
    bytes: u64,
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Served { waited: Duration, took: Duration },
    Refused,
    Dropped,
}

/// What costs how much: mostly thumbnails, some photographs, a few that are dear.
fn usual(dice: &mut Dice) -> f64 {
    match dice.roll() {
        kind if kind < 0.70 => dice.log_uniform(0.01, 0.06),
        kind if kind < 0.95 => dice.log_uniform(0.06, 0.3),
        kind if kind < 0.99 => dice.log_uniform(0.3, 1.0),
        _ => dice.log_uniform(1.0, 2.0),
    }
}

/// From 10 ms to 2 s, each order of magnitude equally often.
fn wide(dice: &mut Dice) -> f64 {
    dice.log_uniform(0.01, 2.0)
}

/// A request for a picture that takes about what is predicted: within a factor of 1.6.
fn picture(dice: &mut Dice, seconds: f64) -> Request {
    let actual = Duration::from_secs_f64(seconds);
    let predicted = Duration::from_secs_f64(seconds * dice.log_uniform(0.625, 1.6));
    Request { class: Class::Picture, predicted, actual, bytes: 0 }
}

/// Requests at a rate, from this second to that, that are so many times what the threads can do.
fn poisson(
    dice: &mut Dice,
    load: f64,
    seconds: (u64, u64),
    costs: fn(&mut Dice) -> f64,
) -> Vec<(Duration, Request)> {
    let mean = (0..10_000).map(|_| costs(dice)).sum::<f64>() / 10_000.0;
    let rate = load * THREADS as f64 / mean;
    let (mut now, end) = (Duration::from_secs(seconds.0), Duration::from_secs(seconds.1));
    let mut arrivals = Vec::new();
    while now < end {
        let cost = costs(dice);
        arrivals.push((now, picture(dice, cost)));
        now += dice.pause(rate);
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
            Class::Warming => 1,
            Class::Async => 2,
        }),
    }
}

/// What came of a run, in the order of arrivals.
struct Report {
    outcomes: Vec<(Duration, Request, Outcome)>,
}

/// Runs arrivals through a scheduler. What a thread does after the last arrival counts as well.
fn run(limits: Limits, mut arrivals: Vec<(Duration, Request)>) -> Report {
    arrivals.sort_by_key(|(at, _)| *at);
    let origin = Instant::now();
    let mut scheduler = Scheduler::new(limits);
    let mut outcomes: Vec<_> = vec![None; arrivals.len()];
    // by the time of the end
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
                Next::Run { number, waited, work } => {
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

/// What happens to a request: it is asked whether it would be refused, its original is fetched, then it is admitted.
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
    let task = Task { class: request.class, cost, deadline: now + DEADLINE };
    let admission = scheduler.admit(now, task)?;
    scheduler.enter(now, admission, index);
    Ok(())
}

impl Report {
    /// Work that was done between these seconds, as a part of what the threads could do.
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

    /// Sorted answer times of what was served, of requests that take so long.
    fn times(&self, of: impl Fn(&Request) -> bool) -> Vec<Duration> {
        let served =
            self.outcomes.iter().filter(|(_, request, _)| of(request)).filter_map(|(_, _, outcome)| {
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

    /// Late drops as a part of all who were not served.
    fn late(&self) -> f64 {
        let dropped = self.count(|_, outcome| matches!(outcome, Outcome::Dropped));
        let refused = self.count(|_, outcome| matches!(outcome, Outcome::Refused));
        dropped as f64 / (dropped + refused).max(1) as f64
    }

    /// Which part of the requests that take so long was served.
    fn served(&self, of: impl Fn(&Request) -> bool) -> f64 {
        let served = self.count(|request, outcome| of(request) && matches!(outcome, Outcome::Served { .. }));
        served as f64 / self.count(|request, _| of(request)).max(1) as f64
    }
}

fn percentile(times: &[Duration], percent: usize) -> Duration {
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn is_dear(request: &Request) -> bool {
    request.actual >= DEAR
}

fn is_ordinary(request: &Request) -> bool {
    request.actual <= ORDINARY
}

/// Requests of ordinary cost at so many times the capacity, over a minute, come out like this. The fewer requests a run has,
/// the more runs are taken together.
fn check_overload(load: f64, costs: fn(&mut Dice) -> f64, seeds: u64) {
    let (mut times, mut late, mut goodput, mut dear, mut ordinary) = (Vec::new(), 0.0, 0.0, 0.0, 0.0);
    for seed in 0..seeds {
        let report = run(limits(), poisson(&mut Dice(seed), load, (0, 60), costs));
        times.extend(report.times(is_ordinary));
        goodput += report.goodput(1, 60) / seeds as f64;
        late += report.late() / seeds as f64;
        dear += report.served(is_dear);
        ordinary += report.served(is_ordinary);
    }
    times.sort();
    let slowest = percentile(&times, 99);
    assert!(goodput >= LEAST_GOODPUT, "load {load}: goodput {goodput}");
    assert!(slowest <= Duration::from_secs(1), "load {load}: p99 {slowest:?}");
    assert!(late <= MOST_LATE, "load {load}: late {late}");
    assert!(dear >= LEAST_DEAR * ordinary, "load {load}: {dear} of the dear, {ordinary} of the others");
}

/// Work done as a part of the capacity. The rest is lost where few large tasks wait, and a thread finds none.
const LEAST_GOODPUT: f64 = 0.95;

/// Which part of those who are not served may learn it late.
const MOST_LATE: f64 = 0.025;

/// Dear requests are served at least this often compared with ordinary ones.
const LEAST_DEAR: f64 = 0.75;

#[test]
fn those_who_are_served_in_an_overload_wait_less_than_a_second() {
    check_overload(2.0, usual, 4);
    check_overload(10.0, usual, 2);
    check_overload(2.0, wide, 16);
    check_overload(10.0, wide, 4);
}

#[test]
fn many_small_requests_are_an_overload_too() {
    let mut dice = Dice(1);
    let report = run(limits(), poisson(&mut dice, 10.0, (0, 20), |_| 0.01));
    let times = report.times(is_ordinary);
    assert!(percentile(&times, 95) <= Duration::from_secs(1), "{:?}", percentile(&times, 95));
    assert!(report.goodput(1, 20) >= LEAST_GOODPUT);
}

#[test]
fn a_machine_that_is_slower_than_predicted_serves_as_well() {
    for factor in [0.4, 3.0] {
        let mut dice = Dice(1);
        let mut arrivals = poisson(&mut dice, 2.0, (0, 60), usual);
        for (_, request) in &mut arrivals {
            request.predicted = request.predicted.div_f64(factor);
        }
        let report = run(limits(), arrivals);
        assert!(report.goodput(1, 60) >= LEAST_GOODPUT, "{factor}");
        let slowest = percentile(&report.times(is_ordinary), 99);
        assert!(slowest <= Duration::from_millis(1100), "{factor}: {slowest:?}");
    }
}

#[test]
fn a_burst_is_served_whole() {
    for (count, spreads) in [(100, [0, 3]), (250, [0, 1])] {
        for spread in spreads {
            let at = |number| Duration::from_millis(1000 + spread * number);
            let arrivals = (0..count).map(|number| (at(number), picture(&mut Dice(number), 0.06)));
            let report = run(limits(), arrivals.collect());
            let unserved = report.count(|_, outcome| !matches!(outcome, Outcome::Served { .. }));
            assert_eq!(unserved, 0, "{count}, one every {spread} ms");
        }
    }
}

#[test]
fn beside_little_else_a_burst_is_served_whole_most_of_the_time() {
    let mut unserved = 0;
    for seed in 0..10 {
        let mut dice = Dice(seed);
        let mut arrivals = poisson(&mut dice, 0.3, (0, 30), usual);
        arrivals.extend((0..100).map(|n| (Duration::from_millis(10_000 + 3 * n), picture(&mut dice, 0.06))));
        let report = run(limits(), arrivals);
        unserved += report.count(|_, outcome| !matches!(outcome, Outcome::Served { .. }));
    }
    assert!(unserved <= 30, "{unserved} of the thousand, and of what came beside them");
}

#[test]
fn cheap_requests_gain_more_than_dear_ones_lose() {
    // at these loads little is refused, so that the times of many seeds can be compared with first come, first served
    let (mut cheap, mut dear) = (Vec::new(), Vec::new());
    for seed in 0..8 {
        let report = run(limits(), poisson(&mut Dice(seed), 0.8, (0, 60), usual));
        cheap.extend(report.times(is_ordinary));
        dear.extend(report.times(is_dear));
        assert!(report.served(|_| true) > 0.93, "seed {seed}: {}", report.served(|_| true));
    }
    let mean = |times: &[Duration]| times.iter().sum::<Duration>() / times.len() as u32;
    // measured with COST_WEIGHT at 0: 237 ms and 1.6 s
    assert!(mean(&cheap) < Duration::from_millis(190), "{:?}", mean(&cheap));
    assert!(mean(&dear) < Duration::from_millis(1900), "{:?}", mean(&dear));
}

#[test]
fn background_work_takes_its_share_and_no_more() {
    let mut dice = Dice(1);
    let mut arrivals = poisson(&mut dice, 0.5, (0, 60), usual);
    // as much as they can get
    for number in 0..2000 {
        let class = if number % 2 == 0 { Class::Async } else { Class::Warming };
        let request = Request { class, ..picture(&mut dice, 0.1) };
        arrivals.push((Duration::from_millis(30 * number), request));
    }
    let report = run(limits(), arrivals);
    let pictures = report.times(|request| is_ordinary(request) && request.class == Class::Picture);
    assert!(percentile(&pictures, 99) <= Duration::from_secs(1), "{:?}", percentile(&pictures, 99));
    let served = |class| report.served(|request| request.class == class);
    assert!(served(Class::Picture) >= 0.95, "{}", served(Class::Picture));
    assert!(served(Class::Async) >= 0.3, "{}", served(Class::Async));
    assert!(served(Class::Warming) >= 0.15, "{}", served(Class::Warming));
    assert!(report.goodput(1, 60) >= LEAST_GOODPUT);
}

#[test]
fn memory_is_a_resource_like_threads() {
    let limits = Limits { memory: 1 << 30, ..limits() };
    for seed in 0..4 {
        let mut dice = Dice(seed);
        let mut arrivals = poisson(&mut dice, 2.0, (0, 60), usual);
        for (_, request) in &mut arrivals {
            // one in ten needs three quarters of it
            request.bytes = if dice.roll() < 0.1 { 3 << 28 } else { 1 << 26 };
        }
        let report = run(limits, arrivals);
        assert!(report.goodput(1, 60) >= 0.9, "seed {seed}: {}", report.goodput(1, 60));
        let large = report.served(|request| request.bytes > 1 << 29);
        let small = report.served(|request| request.bytes < 1 << 29);
        assert!(large >= 0.7 * small, "seed {seed}: {large} of the large, {small} of the small");
    }
}
