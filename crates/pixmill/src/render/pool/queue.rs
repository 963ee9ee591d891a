//! The waiting tasks of one class, in the order in which they are served.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{decodes::SharedDecode, forecast::Work, overload::Overload};
use crate::render::Cost;

/// By how much of its predicted cost a task is ranked behind its arrival: a task overtakes those that arrived before it by
/// less than this times the difference of their costs. So a task of 2 s is overtaken by what arrives within 2 s, and by no more.
///
/// 0 would be first come, first served; large values starve expensive tasks. `simulation.rs` compares: at 0.8 of the capacity,
/// 1 reduces the mean response time of cheap tasks by a quarter and adds a tenth to that of tasks above a second.
const COST_WEIGHT: f64 = 1.0;

/// Weight of each arrival in the moving average of costs.
const COST_SHARE: f64 = 0.05;

/// The rank of a task: lower ranks are served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    due: Instant,
    number: u64,
}

/// A waiting task.
#[derive(Debug)]
pub struct Waiting<W> {
    /// Since when it waits.
    pub since: Instant,
    /// The predicted cost, uncorrected.
    pub cost: Cost,
    /// Its decode, if other tasks may share that.
    pub decode: Option<SharedDecode>,
    /// The predicted time, corrected.
    pub expected: Duration,
    /// When it must have ended.
    pub deadline: Instant,
    /// It was admitted because a thread was free, although it is predicted to take too long.
    pub is_attempt: bool,
    /// Since when others overtake it because there is not enough memory for it.
    pub passed: Option<Instant>,
    /// Its work.
    pub work: W,
}

/// The queue of one class.
#[derive(Debug)]
pub struct Queue<W> {
    /// The waiting tasks.
    pub waiting: BTreeMap<Rank, Waiting<W>>,
    /// The sum of their work.
    pub backlog: Work,
    /// The share of the threads' time.
    pub share: f64,
    /// The class's virtual time: what it was served, in seconds divided by its share.
    pub pass: f64,
    /// How many of its tasks are running.
    pub running: usize,
    /// The detection of overload.
    pub overload: Overload,
    mean_seconds: f64,
}

impl Rank {
    /// The rank of a task that arrives now.
    pub fn new(now: Instant, expected: Duration, number: u64) -> Self {
        Self { due: now + expected.mul_f64(COST_WEIGHT), number }
    }

    /// The number of the task.
    pub fn number(self) -> u64 {
        self.number
    }
}

impl<W> Waiting<W> {
    /// Whether it cannot end in time, unless it was admitted in spite of that.
    pub fn is_late(&self, now: Instant) -> bool {
        now >= self.deadline || (!self.is_attempt && now + self.expected > self.deadline)
    }
}

impl<W> Queue<W> {
    /// An empty queue.
    pub fn new(share: u32) -> Self {
        Self {
            waiting: BTreeMap::new(),
            backlog: Work::default(),
            share: f64::from(share.max(1)),
            pass: 0.0,
            running: 0,
            overload: Overload::default(),
            mean_seconds: 0.0,
        }
    }

    /// Adds a task.
    pub fn insert(&mut self, rank: Rank, waiting: Waiting<W>) {
        self.backlog += waiting.cost.into();
        self.waiting.insert(rank, waiting);
    }

    /// Removes a task if it still waits.
    pub fn remove(&mut self, rank: Rank) -> Option<Waiting<W>> {
        let waiting = self.waiting.remove(&rank)?;
        self.backlog -= waiting.cost.into();
        Some(waiting)
    }

    /// The work that is served before this rank.
    pub fn ahead_of(&self, rank: Rank) -> Work {
        let mut ahead = Work::default();
        for (_, waiting) in self.waiting.range(..rank) {
            ahead += waiting.cost.into();
        }
        ahead
    }

    /// Records the cost of an arrival.
    pub fn learn_cost(&mut self, expected: Duration) {
        self.mean_seconds += COST_SHARE * (expected.as_secs_f64() - self.mean_seconds);
    }

    /// The mean cost of arrivals.
    pub fn mean_cost(&self) -> Duration {
        Duration::from_secs_f64(self.mean_seconds)
    }

    /// Whether it has waiting or running tasks.
    pub fn is_active(&self) -> bool {
        self.running > 0 || !self.waiting.is_empty()
    }
}
