//! Unit tests of the scheduler's decisions.

use std::time::{Duration, Instant};

use super::{
    class::{Class, PerClass},
    refusal::Refusal,
    scheduler::{Limits, Next, Scheduler, Task, Ticket},
};
use crate::render::Cost;

const DEADLINE: Duration = Duration::from_secs(20);

/// A scheduler of named tasks, with a simulated clock.
struct Bench {
    scheduler: Scheduler<&'static str>,
    now: Instant,
}

fn limits(threads: usize) -> Limits {
    let shares = PerClass::from_fn(|class| if class == Class::Picture { 3 } else { 1 });
    Limits { threads, queue: 100, memory: 1000, deadline: DEADLINE, shares }
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

impl Bench {
    fn new(limits: Limits) -> Self {
        Self { scheduler: Scheduler::new(limits), now: Instant::now() }
    }

    fn pass(&mut self, time: u64) {
        self.now += milliseconds(time);
    }

    /// Offers a task with a cost in milliseconds and bytes, and a deadline in milliseconds from now.
    fn offer(
        &mut self,
        name: &'static str,
        class: Class,
        cost: (u64, u64),
        left: u64,
    ) -> Result<Ticket, Refusal> {
        let cost = Cost { cpu: milliseconds(cost.0), bytes: cost.1 };
        let task = Task { class, cost, deadline: self.now + milliseconds(left), decode: None };
        let admission = self.scheduler.admit(self.now, task)?;
        Ok(self.scheduler.enter(self.now, admission, name))
    }

    fn picture(&mut self, name: &'static str, time: u64) -> Ticket {
        self.offer(name, Class::Picture, (time, 0), 20_000).unwrap()
    }

    fn sized(&mut self, name: &'static str, bytes: u64) -> Ticket {
        self.offer(name, Class::Picture, (100, bytes), 20_000).unwrap()
    }

    /// Starts the next task. Returns its name and number.
    fn begin(&mut self) -> Option<(&'static str, u64)> {
        match self.scheduler.next(self.now) {
            Next::Run { number, work, .. } => Some((work, number)),
            Next::Idle => None,
            Next::Drop { refusal, work } => panic!("{work} was dropped: {refusal:?}"),
        }
    }

    fn name(&mut self) -> &'static str {
        self.begin().unwrap().0
    }

    fn end(&mut self, number: u64) {
        // not successful: predictions are not corrected
        self.scheduler.end(self.now, number, false).unwrap();
    }

    /// Runs all waiting tasks. Returns their names in order.
    fn drain(&mut self) -> Vec<&'static str> {
        std::iter::from_fn(|| {
            let (name, number) = self.begin()?;
            self.end(number);
            Some(name)
        })
        .collect()
    }

    fn refusals(&self, reason: &str) -> u64 {
        self.scheduler.refusals().iter().find(|(name, _)| *name == reason).unwrap().1
    }
}

#[test]
fn cheap_tasks_overtake_expensive_ones_within_the_difference_of_cost() {
    let mut bench = Bench::new(limits(1));
    let (_, running) = (bench.picture("running", 0), bench.begin().unwrap().1);
    bench.picture("dear", 2000);
    bench.pass(100);
    bench.picture("cheap", 10);
    bench.pass(1880);
    bench.picture("last to pass", 10);
    bench.pass(20);
    bench.picture("too late to pass", 10);
    bench.end(running);
    assert_eq!(bench.drain(), ["cheap", "last to pass", "dear", "too late to pass"]);
}

#[test]
fn equal_tasks_are_served_in_the_order_of_their_arrival() {
    let mut bench = Bench::new(limits(1));
    for name in ["a", "b", "c", "d"] {
        bench.picture(name, 50);
    }
    assert_eq!(bench.drain(), ["a", "b", "c", "d"]);
}

#[test]
fn classes_are_served_by_their_shares() {
    let mut bench = Bench::new(limits(1));
    for _ in 0..8 {
        bench.offer("async", Class::Async, (100, 0), 20_000).unwrap();
        bench.offer("picture", Class::Picture, (100, 0), 20_000).unwrap();
    }
    let mut begun = Vec::new();
    for _ in 0..8 {
        let (name, number) = bench.begin().unwrap();
        bench.pass(100);
        bench.end(number);
        begun.push(name);
    }
    assert_eq!(begun.iter().filter(|name| **name == "picture").count(), 6, "{begun:?}");
}

#[test]
fn a_class_that_was_idle_has_no_credit() {
    let mut bench = Bench::new(limits(1));
    for _ in 0..20 {
        bench.offer("async", Class::Async, (1000, 0), 100_000).unwrap();
    }
    for _ in 0..10 {
        let number = bench.begin().unwrap().1;
        bench.pass(1000);
        bench.end(number);
    }
    for _ in 0..20 {
        bench.offer("picture", Class::Picture, (1000, 0), 100_000).unwrap();
    }
    let mut begun = Vec::new();
    for _ in 0..8 {
        let (name, number) = bench.begin().unwrap();
        bench.pass(1000);
        bench.end(number);
        begun.push(name);
    }
    let pictures = begun.iter().filter(|name| **name == "picture").count();
    assert!((5..=7).contains(&pictures), "{begun:?}");
}

#[test]
fn what_cannot_end_in_time_is_refused_at_once_and_told_when_it_could() {
    let mut bench = Bench::new(limits(2));
    bench.picture("one", 3000);
    bench.picture("two", 5000);
    bench.begin().unwrap();
    bench.begin().unwrap();
    // the first thread is free in three seconds, and the task takes one
    let offer = |bench: &mut Bench, left| bench.offer("late", Class::Picture, (1000, 0), left).map(drop);
    assert_eq!(offer(&mut bench, 3999), Err(Refusal::Deadline { retry_after: milliseconds(1) }));
    assert_eq!(offer(&mut bench, 1500), Err(Refusal::Deadline { retry_after: milliseconds(2500) }));
    bench.pass(2500);
    assert_eq!(offer(&mut bench, 1500), Ok(()), "as it was told");
    assert_eq!(bench.refusals("deadline"), 2);
    let wait = offer(&mut bench, 2400).unwrap_err();
    assert_eq!(wait, Refusal::Deadline { retry_after: milliseconds(100) }, "behind the one that waits");
}

#[test]
fn what_is_too_long_for_its_time_is_tried_when_a_thread_is_free() {
    let mut bench = Bench::new(limits(1));
    let long = |bench: &mut Bench| bench.offer("long", Class::Picture, (5000, 0), 3000);
    long(&mut bench).unwrap();
    let (_, number) = bench.begin().unwrap();
    assert!(matches!(long(&mut bench), Err(Refusal::Deadline { .. })));
    bench.end(number);
    long(&mut bench).unwrap();
}

#[test]
fn what_is_hopeless_is_refused_for_good() {
    let mut bench = Bench::new(limits(1));
    let time = |bench: &mut Bench, time| bench.offer("x", Class::Picture, (time, 0), 20_000).map(drop);
    assert_eq!(time(&mut bench, 40_000), Ok(()));
    let hopeless = Refusal::TooLong { needed: milliseconds(40_001), allowed: DEADLINE };
    assert_eq!(time(&mut bench, 40_001), Err(hopeless));
    assert!(time(&mut bench, u64::MAX).is_err(), "nothing overflows");
    let bytes = |bench: &mut Bench, bytes| bench.offer("x", Class::Async, (0, bytes), 100_000).map(drop);
    assert_eq!(bytes(&mut bench, 1000), Ok(()));
    assert_eq!(bytes(&mut bench, 1001), Err(Refusal::Memory { needed: 1001, allowed: 1000 }));
    assert!(bytes(&mut bench, u64::MAX).is_err());
    assert_eq!((bench.refusals("memory"), bench.refusals("deadline")), (2, 2));
}

#[test]
fn so_many_may_wait() {
    let mut bench = Bench::new(Limits { queue: 2, ..limits(1) });
    bench.picture("running", 700);
    bench.begin().unwrap();
    bench.picture("one", 1);
    let second = bench.picture("two", 1);
    let full = Refusal::QueueFull { retry_after: milliseconds(700) };
    assert_eq!(bench.scheduler.would_refuse(bench.now, Class::Async), Some(full));
    assert_eq!(bench.offer("three", Class::Picture, (1, 0), 20_000).map(drop), Err(full));
    assert_eq!(bench.scheduler.leave(second), Some(("two", None)));
    assert_eq!(bench.scheduler.leave(second), None);
    assert_eq!(bench.scheduler.would_refuse(bench.now, Class::Async), None);
    bench.picture("three", 1);
    assert_eq!(bench.refusals("queue_full"), 2);
}

#[test]
fn background_work_leaves_room_in_the_queue() {
    let mut bench = Bench::new(Limits { queue: 4, ..limits(1) });
    let mut offer = |class| bench.offer("x", class, (1, 0), 20_000).is_ok();
    assert!(offer(Class::Async) && offer(Class::Warming), "one of them would be running");
    assert!(!offer(Class::Async) && !offer(Class::Warming));
    assert!(offer(Class::Picture) && offer(Class::Vision) && offer(Class::Picture));
    assert!(!offer(Class::Picture));
    let mut small = Bench::new(Limits { queue: 0, ..limits(1) });
    assert!(small.offer("x", Class::Async, (1, 0), 20_000).is_ok(), "a free thread takes everything");
}

#[test]
fn tasks_run_together_as_far_as_memory_goes() {
    let mut bench = Bench::new(limits(3));
    bench.sized("a", 600);
    bench.sized("b", 400);
    bench.sized("c", 1);
    let a = bench.begin().unwrap();
    let b = bench.begin().unwrap();
    assert_eq!((a.0, b.0, bench.scheduler.running_bytes()), ("a", "b", 1000));
    assert_eq!(bench.begin(), None);
    bench.end(b.1);
    assert_eq!(bench.name(), "c");
    assert_eq!(bench.scheduler.running_bytes(), 601);
}

#[test]
fn a_large_task_is_passed_for_a_while_only() {
    let mut bench = Bench::new(limits(2));
    bench.sized("running", 500);
    let running = bench.begin().unwrap().1;
    bench.sized("large", 1000);
    let mut passed = 0;
    loop {
        bench.sized("small", 100);
        let Some((name, number)) = bench.begin() else { break };
        assert_eq!(name, "small");
        passed += 1;
        bench.pass(100);
        bench.end(number);
    }
    assert_eq!(passed, 5, "for half a second");
    assert_eq!(bench.begin(), None, "now threads are kept idle for it");
    bench.end(running);
    let (name, number) = bench.begin().unwrap();
    assert_eq!((name, bench.begin()), ("large", None));
    bench.end(number);
    assert_eq!(bench.name(), "small");
}

#[test]
fn memory_that_is_taken_counts_as_waiting_time() {
    let mut bench = Bench::new(limits(2));
    bench.offer("running", Class::Picture, (4000, 900), 20_000).unwrap();
    bench.begin().unwrap();
    bench.offer("waiting", Class::Picture, (4000, 900), 20_000).unwrap();
    assert_eq!(bench.begin(), None);
    let refusal = bench.offer("third", Class::Picture, (1000, 900), 4500).unwrap_err();
    assert!(matches!(refusal, Refusal::Deadline { .. }), "{refusal:?}");
}

#[test]
fn a_task_that_missed_its_time_is_not_begun() {
    let mut bench = Bench::new(limits(1));
    bench.picture("running", 1000);
    let running = bench.begin().unwrap().1;
    bench.offer("hopeful", Class::Picture, (500, 0), 1600).unwrap();
    bench.offer("short", Class::Picture, (10, 0), 1100).unwrap();
    bench.pass(1200);
    bench.end(running);
    assert!(matches!(
        bench.scheduler.next(bench.now),
        Next::Drop { refusal: Refusal::Expired, work: "short" }
    ));
    assert!(matches!(
        bench.scheduler.next(bench.now),
        Next::Drop { refusal: Refusal::Dropped { .. }, work: "hopeful" }
    ));
    assert_eq!(bench.refusals("dropped"), 2);
}

#[test]
fn a_task_that_runs_over_its_prediction_is_taken_to_go_on() {
    let mut bench = Bench::new(limits(1));
    bench.picture("running", 100);
    bench.begin().unwrap();
    bench.pass(8000);
    let refusal = bench.offer("next", Class::Picture, (10, 0), 1000).map(drop);
    assert_eq!(refusal, Err(Refusal::Deadline { retry_after: milliseconds(610) }), "a fifth of what it took");
}

#[test]
fn predictions_are_corrected_by_class_of_model() {
    let mut bench = Bench::new(limits(1));
    for _ in 0..100 {
        bench.picture("slow", 100);
        let number = bench.begin().unwrap().1;
        bench.pass(300);
        bench.scheduler.end(bench.now, number, true).unwrap();
    }
    let factor = |class: Class| bench.scheduler.correction(class).round() as u64;
    assert_eq!(Class::ALL.map(factor), [3, 1, 3, 3, 3]);
    bench.picture("a", 100);
    assert!(bench.scheduler.queued(Class::Picture) > milliseconds(280));
}

#[test]
fn idle_work_starts_when_nothing_else_waits_and_stops_when_something_does() {
    let mut bench = Bench::new(limits(2));
    bench.offer("idle", Class::Refine, (5000, 0), 9000).unwrap();
    bench.picture("first", 100);
    assert_eq!(bench.begin().unwrap().0, "first");
    assert!(!bench.scheduler.wants_idle_work_to_stop(bench.now));
    assert_eq!(bench.begin().unwrap().0, "idle");
    assert!(!bench.scheduler.wants_idle_work_to_stop(bench.now));
    let refused = bench.offer("second", Class::Picture, (100, 0), 300).map(drop);
    assert_eq!(refused, Ok(()), "idle work is not waited for");
    assert!(bench.scheduler.wants_idle_work_to_stop(bench.now));
    bench.offer("more idle", Class::Refine, (1, 0), 9000).unwrap();
    assert!(bench.begin().is_none(), "both threads are taken");
}

#[test]
fn idle_work_that_waited_too_long_is_dropped_and_not_blamed() {
    let mut bench = Bench::new(limits(1));
    bench.offer("idle", Class::Refine, (10, 0), 100).unwrap();
    bench.pass(200);
    assert!(matches!(
        bench.scheduler.next(bench.now),
        Next::Drop { refusal: Refusal::Dropped { .. }, work: "idle" }
    ));
}
