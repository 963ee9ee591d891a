//! Tests of shared decodes, through the scheduler.

use std::time::{Duration, Instant};

use super::{
    class::{Class, PerClass},
    decodes::{DecodeKey, Role, SharedDecode},
    scheduler::{Limits, Next, Scheduler, Task, Ticket},
};
use crate::render::Cost;

const MEMORY: u64 = 1000;

/// A scheduler of named tasks, whose pixels are texts.
struct Bench {
    scheduler: Scheduler<&'static str, &'static str>,
    now: Instant,
}

/// A started task.
#[derive(Debug)]
struct Started {
    name: &'static str,
    number: u64,
    role: Role<&'static str>,
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn key(original: usize) -> DecodeKey {
    DecodeKey { original: (original, 1), shrink: 1, size: (1, 1) }
}

fn decode(original: usize, bytes: u64) -> SharedDecode {
    SharedDecode { key: key(original), cpu: milliseconds(80), bytes, is_expected: false }
}

impl Bench {
    fn new(threads: usize) -> Self {
        let limits = Limits {
            threads,
            queue: 100,
            memory: MEMORY,
            deadline: Duration::from_secs(20),
            shares: PerClass::from_fn(|_| 1),
        };
        Self { scheduler: Scheduler::new(limits), now: Instant::now() }
    }

    /// A task of 100 ms, of which 80 ms are the decode.
    fn offer(&mut self, name: &'static str, bytes: u64, decode: Option<SharedDecode>) -> Ticket {
        let cost = Cost { cpu: milliseconds(100), bytes };
        let deadline = self.now + Duration::from_secs(20);
        let task = Task { class: Class::Picture, cost, deadline, decode };
        let admission = self.scheduler.admit(self.now, task).unwrap();
        self.scheduler.enter(self.now, admission, name)
    }

    fn widths(&mut self, names: &[&'static str]) {
        for name in names {
            self.offer(name, 10, Some(decode(1, 100)));
        }
    }

    fn begin(&mut self) -> Option<Started> {
        match self.scheduler.next(self.now) {
            Next::Run { number, role, work, .. } => Some(Started { name: work, number, role }),
            Next::Idle => None,
            Next::Drop { refusal, work } => panic!("{work} was dropped: {refusal:?}"),
        }
    }

    fn provider(&mut self) -> Started {
        let started = self.begin().unwrap();
        assert!(matches!(started.role, Role::Provider), "{started:?}");
        started
    }

    fn alone(&mut self) -> Started {
        let started = self.begin().unwrap();
        assert!(matches!(started.role, Role::Alone), "{started:?}");
        started
    }

    fn reuser(&mut self) -> Started {
        let started = self.begin().unwrap();
        assert!(matches!(started.role, Role::Reuser("pixels")), "{started:?}");
        started
    }

    fn publish(&mut self, by: &Started, pixels: Option<&'static str>) {
        self.scheduler.decodes.publish(key(1), by.number, pixels);
    }

    /// Ends a task. Returns the pixels that are freed.
    fn end(&mut self, task: &Started) -> Option<&'static str> {
        self.scheduler.end(self.now, task.number, true).unwrap().pixels
    }
}

#[test]
fn a_lone_task_decodes_for_itself() {
    let mut bench = Bench::new(2);
    bench.widths(&["a"]);
    let first = bench.alone();
    assert_eq!(bench.scheduler.decodes.bytes(), 0);
    assert_eq!(bench.end(&first), None);
    bench.widths(&["b"]);
    bench.offer("other", 10, Some(decode(2, 100)));
    bench.alone();
    bench.alone();
}

#[test]
fn one_decodes_and_the_others_wait_for_it() {
    let mut bench = Bench::new(4);
    bench.widths(&["a", "b", "c"]);
    let provider = bench.provider();
    assert!(bench.begin().is_none(), "threads are free, but the others wait");
    bench.offer("unrelated", 10, Some(decode(2, 100)));
    assert_eq!(bench.alone().name, "unrelated");
    bench.publish(&provider, Some("pixels"));
    let others = [bench.reuser(), bench.reuser()];
    assert_eq!(others.each_ref().map(|other| other.name), ["b", "c"]);
    assert_eq!((bench.scheduler.decodes.reused(), bench.scheduler.decodes.bytes()), (2, 100));
    for task in [provider, others.into_iter().next().unwrap()] {
        assert_eq!(bench.end(&task), None);
    }
    bench.widths(&["later"]);
    assert_eq!(bench.reuser().name, "later");
}

#[test]
fn pixels_are_freed_with_the_last_task() {
    let mut bench = Bench::new(4);
    bench.widths(&["a", "b"]);
    let ticket = bench.offer("c", 10, Some(decode(1, 100)));
    let provider = bench.provider();
    bench.publish(&provider, Some("pixels"));
    let reuser = bench.reuser();
    assert_eq!((bench.end(&reuser), bench.end(&provider)), (None, None), "one waits");
    assert_eq!(bench.scheduler.leave(ticket), Some(("c", Some("pixels"))));
    assert_eq!(bench.scheduler.running_bytes(), 0);
    bench.widths(&["again"]);
    bench.alone();
}

#[test]
fn pixels_for_nobody_are_not_kept() {
    let mut bench = Bench::new(4);
    bench.widths(&["a"]);
    let ticket = bench.offer("b", 10, Some(decode(1, 100)));
    let provider = bench.provider();
    assert!(bench.scheduler.decodes.is_awaited(key(1), provider.number));
    bench.scheduler.leave(ticket);
    assert!(!bench.scheduler.decodes.is_awaited(key(1), provider.number));
    bench.publish(&provider, Some("pixels"));
    assert_eq!((bench.scheduler.decodes.bytes(), bench.end(&provider)), (0, None));
}

#[test]
fn a_running_task_is_a_sign_of_more() {
    let mut bench = Bench::new(4);
    bench.widths(&["a"]);
    bench.alone();
    bench.widths(&["b"]);
    bench.provider();
    bench.widths(&["c"]);
    assert!(bench.begin().is_none());
}

#[test]
fn expected_tasks_are_a_sign_of_more() {
    let mut bench = Bench::new(4);
    bench.offer("a", 10, Some(SharedDecode { is_expected: true, ..decode(1, 100) }));
    bench.provider();
}

#[test]
fn if_the_decode_fails_each_decodes_for_itself() {
    for ends in [false, true] {
        let mut bench = Bench::new(4);
        bench.widths(&["a", "b", "c"]);
        let provider = bench.provider();
        if ends {
            // its worker crashed, its deadline passed, or it had an error of its own
            bench.end(&provider);
        } else {
            bench.publish(&provider, None);
        }
        bench.alone();
        bench.alone();
        bench.publish(&provider, Some("too late"));
        bench.widths(&["d"]);
        bench.alone();
    }
}

#[test]
fn other_divisors_are_other_decodes() {
    let mut bench = Bench::new(4);
    bench.widths(&["a"]);
    let half = DecodeKey { shrink: 2, ..key(1) };
    bench.offer("b", 10, Some(SharedDecode { key: half, ..decode(1, 100) }));
    bench.alone();
    bench.alone();
}

#[test]
fn a_class_does_not_hold_up_another() {
    let mut bench = Bench::new(1);
    let cost = Cost { cpu: milliseconds(100), bytes: 10 };
    let deadline = bench.now + Duration::from_secs(20);
    for (name, class) in [("warm 1", Class::Warming), ("warm 2", Class::Warming), ("wanted", Class::Picture)]
    {
        let task = Task { class, cost, deadline, decode: Some(decode(1, 100)) };
        let admission = bench.scheduler.admit(bench.now, task).unwrap();
        bench.scheduler.enter(bench.now, admission, name);
    }
    let provider = bench.provider();
    assert_eq!(provider.name, "wanted", "classes and ranks decide who decodes");
}

#[test]
fn a_reuser_is_charged_without_the_decode() {
    let mut bench = Bench::new(1);
    bench.widths(&["a", "b"]);
    let provider = bench.provider();
    bench.publish(&provider, Some("pixels"));
    bench.now += milliseconds(100);
    bench.end(&provider);
    let reuser = bench.reuser();
    bench.now += milliseconds(20);
    let ended = bench.scheduler.end(bench.now, reuser.number, true).unwrap();
    assert_eq!((ended.predicted, ended.actual), (milliseconds(20), milliseconds(20)));
    assert!((bench.scheduler.correction(Class::Picture) - 1.0).abs() < 1e-6);
}

#[test]
fn a_waiting_task_is_dropped_at_its_deadline() {
    let mut bench = Bench::new(2);
    bench.widths(&["a", "b"]);
    let provider = bench.provider();
    bench.now += Duration::from_secs(20);
    assert!(matches!(bench.scheduler.next(bench.now), Next::Drop { work: "b", .. }));
    bench.publish(&provider, Some("pixels"));
    assert_eq!(bench.scheduler.decodes.bytes(), 0);
}

#[test]
fn memory_bounds_what_is_shared() {
    // more than the share of all pixels
    let mut bench = Bench::new(4);
    for name in ["a", "b"] {
        bench.offer(name, 10, Some(decode(1, MEMORY / 4 + 1)));
    }
    bench.alone();
    bench.alone();
    // too little is free
    let mut bench = Bench::new(4);
    bench.offer("large", MEMORY - 100, None);
    bench.alone();
    for name in ["a", "b"] {
        bench.offer(name, 10, Some(decode(1, 91)));
    }
    bench.alone();
    // others share already
    let mut bench = Bench::new(4);
    for original in [1, 2] {
        for name in ["a", "b"] {
            bench.offer(name, 10, Some(decode(original, MEMORY / 4)));
        }
    }
    bench.provider();
    bench.alone();
    assert_eq!(bench.scheduler.running_bytes(), 10 + MEMORY / 4 + 10);
}

#[test]
fn a_large_task_does_not_hold_up_those_that_free_memory() {
    let mut bench = Bench::new(1);
    bench.widths(&["a", "b", "c"]);
    let provider = bench.provider();
    bench.publish(&provider, Some("pixels"));
    bench.end(&provider);
    // it is first in the queue and needs all memory, of which the pixels take a part as long as "c" waits
    let cost = Cost { cpu: milliseconds(1), bytes: MEMORY };
    let task =
        Task { class: Class::Picture, cost, deadline: bench.now + Duration::from_secs(20), decode: None };
    let admission = bench.scheduler.admit(bench.now, task).unwrap();
    bench.scheduler.enter(bench.now, admission, "large");
    let first = bench.reuser();
    // for longer than tasks may be overtaken
    bench.now += milliseconds(600);
    bench.offer("small", 10, None);
    bench.end(&first);
    let second = bench.reuser();
    assert_eq!(bench.end(&second), Some("pixels"));
    assert_eq!(bench.alone().name, "large");
}
