//! Supervision of render workers: one per render thread and a spare, each replaced as soon as it is lost.

use std::{
    mem,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use super::{
    message::Setup,
    worker_process::{Bounds, Ended, ProcessId, WorkerProcess},
};
use crate::{
    render::{
        engine::{Job, Operation},
        pool::Part,
    },
    telemetry::error_events::{self, ErrorEvent},
};

/// Workers beyond the number of render threads, so that one is ready when another is killed.
const SPARES: usize = 1;

/// Back-off after a failed start: the first delay and the longest; each is twice the one before.
const BACKOFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];

/// How often idle workers are checked.
const INSPECTION_INTERVAL: Duration = Duration::from_secs(1);

/// An idle worker with more memory than this is replaced. The allocator returns what a render freed within a second or
/// two; what then remains is fragmentation, a leak, or models.
const MAX_IDLE_BYTES: u64 = 256 * 1024 * 1024;

/// How long a worker must have been idle before its memory is judged.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// Rate limit of kills of jobs whose callers stopped waiting: a burst, and one more per interval. A kill costs a start, some
/// 50 ms of CPU; clients that disconnect early must not cost more than a small part of a core.
const ABANDONED_KILLS: f64 = 8.0;
const ABANDONED_KILL_INTERVAL: Duration = Duration::from_secs(2);

/// The workers of a server. Dropping it ends the processes.
pub struct Supervisor {
    pool: Arc<Pool>,
    starter: Option<JoinHandle<()>>,
}

/// Numbers on the workers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Processes that are alive.
    pub alive: usize,
    /// Processes that wait for a job.
    pub idle: usize,
    /// Processes started.
    pub started: u64,
    /// Starts that failed.
    pub start_failures: u64,
    /// Processes that crashed.
    pub crashes: u64,
    /// Jobs stopped, by [`Reason::ALL`](super::Reason::ALL).
    pub stops: [u64; 3],
    /// Processes killed because their jobs did not stop, by [`Reason::ALL`](super::Reason::ALL).
    pub kills: [u64; 3],
    /// CPU time of jobs that were not stopped.
    pub cpu: Duration,
    /// Idle processes replaced because they held too much memory.
    pub recycled: u64,
}

struct Pool {
    setup: Setup,
    /// The target number of workers.
    size: usize,
    state: Mutex<State>,
    changed: Condvar,
    counts: Counts,
    /// The workers that were started, and perhaps some that are gone.
    ids: Mutex<Vec<Weak<ProcessId>>>,
}

#[derive(Default)]
struct State {
    /// The next one to be used is the last; the spare is the first.
    idle: Vec<(WorkerProcess, Instant)>,
    /// Workers that are alive or starting.
    alive: usize,
    /// The error of the last start, until one succeeds.
    failure: Option<String>,
    closing: bool,
    abandoned_kills: Budget,
}

#[derive(Default)]
struct Counts {
    started: AtomicU64,
    start_failures: AtomicU64,
    crashes: AtomicU64,
    stops: [AtomicU64; 3],
    kills: [AtomicU64; 3],
    recycled: AtomicU64,
    cpu_nanos: AtomicU64,
}

/// A token bucket.
struct Budget {
    left: f64,
    at: Instant,
}

impl Supervisor {
    /// Starts `threads` workers and a spare, and waits for the first one.
    ///
    /// # Errors
    /// If the first one cannot be started.
    pub fn start(setup: Setup, threads: usize) -> anyhow::Result<Self> {
        let pool = Pool {
            setup,
            size: threads + SPARES,
            state: Mutex::default(),
            changed: Condvar::new(),
            counts: Counts::default(),
            ids: Mutex::default(),
        };
        let pool = Arc::new(pool);
        let own = Arc::clone(&pool);
        // one thread for all: the kernel ends workers when the thread that started them ends
        let starter =
            thread::Builder::new().name("render-starter".to_owned()).spawn(move || own.maintain())?;
        let supervisor = Self { pool, starter: Some(starter) };
        supervisor.pool.first_start()?;
        Ok(supervisor)
    }

    /// Runs a job in one of the workers; waits for one if all are lost. None: no worker was available in time.
    pub fn run(&self, job: &Job, part: &Part, bounds: &Bounds) -> Option<Ended> {
        let analyzes = matches!(job.operation, Operation::Analyze(_));
        let mut worker = self.pool.take(analyzes, bounds)?;
        // the second pass stops itself for other work, and rests after that
        let is_idle_work = matches!(job.operation, Operation::Refine(_));
        let may_kill = || is_idle_work || self.pool.state.lock().abandoned_kills.take(Instant::now());
        let ended = match worker.run(job, part, bounds, &may_kill) {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "render worker protocol error");
                self.pool.lose(worker);
                return None;
            }
        };
        self.pool.count(&ended);
        match ended {
            Ended::Crashed(_) | Ended::Stopped { killed: true, .. } => self.pool.lose(worker),
            Ended::Done { .. } | Ended::Stopped { killed: false, .. } => self.pool.give_back(worker),
        }
        Some(ended)
    }

    /// The error of the last start if there is no worker at all.
    pub fn failure(&self) -> Option<String> {
        let state = self.pool.state.lock();
        state.failure.clone().filter(|_| state.idle.is_empty())
    }

    /// The memory of all workers in bytes, without what they share with files and with the server.
    pub fn memory(&self) -> u64 {
        // files of /proc are read without the lock
        let ids: Vec<_> = self.pool.ids.lock().iter().filter_map(Weak::upgrade).collect();
        ids.iter().filter_map(|id| id.memory()).sum()
    }

    /// Numbers on the workers.
    pub fn stats(&self) -> Stats {
        let counts = &self.pool.counts;
        let state = self.pool.state.lock();
        Stats {
            alive: state.alive,
            idle: state.idle.len(),
            started: counts.started.load(Relaxed),
            start_failures: counts.start_failures.load(Relaxed),
            crashes: counts.crashes.load(Relaxed),
            stops: counts.stops.each_ref().map(|count| count.load(Relaxed)),
            kills: counts.kills.each_ref().map(|count| count.load(Relaxed)),
            cpu: Duration::from_nanos(counts.cpu_nanos.load(Relaxed)),
            recycled: counts.recycled.load(Relaxed),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.pool.state.lock().closing = true;
        self.pool.changed.notify_all();
        if let Some(starter) = self.starter.take() {
            let _ = starter.join();
        }
        drop(mem::take(&mut self.pool.state.lock().idle));
    }
}

impl Pool {
    /// Waits until a worker is ready.
    fn first_start(&self) -> anyhow::Result<()> {
        let mut state = self.state.lock();
        while state.idle.is_empty() {
            if let Some(failure) = &state.failure {
                anyhow::bail!(
                    "cannot start a render worker: {failure}; where processes cannot be started, set workers.isolation to \"thread\""
                );
            }
            self.changed.wait(&mut state);
        }
        let refused = &state.idle[0].0.unprotected;
        if !refused.is_empty() {
            tracing::warn!(
                "render workers run without {}: not supported by the kernel",
                refused.join(" and ")
            );
        }
        Ok(())
    }

    /// Starts missing workers and replaces those with too much memory, until the supervisor is dropped.
    fn maintain(&self) {
        let mut backoff = BACKOFF[0];
        loop {
            let mut state = self.state.lock();
            self.remove_dead(&mut state);
            self.wait_until_missing(&mut state);
            if state.closing {
                return;
            }
            state.alive += 1;
            drop(state);
            let started = WorkerProcess::start(&self.setup);
            let mut ids = self.ids.lock();
            ids.retain(|id| id.strong_count() > 0);
            ids.extend(started.as_ref().ok().map(WorkerProcess::id));
            drop(ids);
            let mut state = self.state.lock();
            match started {
                Ok(worker) => {
                    self.counts.started.fetch_add(1, Relaxed);
                    backoff = BACKOFF[0];
                    state.failure = None;
                    state.idle.insert(0, (worker, Instant::now()));
                    self.changed.notify_all();
                }
                Err(error) => {
                    self.counts.start_failures.fetch_add(1, Relaxed);
                    tracing::error!(%error, "cannot start a render worker");
                    state.alive -= 1;
                    state.failure = Some(error.to_string());
                    self.changed.notify_all();
                    if !state.closing {
                        self.changed.wait_for(&mut state, backoff);
                    }
                    backoff = (2 * backoff).min(BACKOFF[1]);
                }
            }
        }
    }

    /// Waits until a worker is missing or the supervisor is dropped; meanwhile ends workers with too much memory.
    fn wait_until_missing(&self, state: &mut parking_lot::MutexGuard<'_, State>) {
        while !state.closing && state.alive >= self.size {
            let inspected = self.changed.wait_for(state, INSPECTION_INTERVAL).timed_out();
            if inspected {
                self.remove_dead(state);
                let grown = state.grown();
                self.counts.recycled.fetch_add(grown.len() as u64, Relaxed);
                // killed without the lock
                parking_lot::MutexGuard::unlocked(state, || drop(grown));
            }
        }
    }

    /// An idle worker: for an analysis one that has loaded models if possible, for a render one that has not.
    fn take(&self, analyzes: bool, bounds: &Bounds) -> Option<WorkerProcess> {
        let mut state = self.state.lock();
        loop {
            self.remove_dead(&mut state);
            if let Some(last) = state.idle.len().checked_sub(1) {
                let suits = |(worker, _): &(WorkerProcess, Instant)| worker.has_models == analyzes;
                let index = state.idle.iter().rposition(suits).unwrap_or(last);
                return Some(state.idle.remove(index).0);
            }
            let gone = state.closing || bounds.cancelled.passed();
            if gone || self.changed.wait_until(&mut state, bounds.until).timed_out() {
                return None;
            }
        }
    }

    /// Removes idle workers that died: the kernel takes them when memory is short.
    fn remove_dead(&self, state: &mut State) {
        let dead: Vec<_> = state.idle.extract_if(.., |(worker, _)| !worker.is_alive()).collect();
        if !dead.is_empty() {
            state.alive -= dead.len();
            self.counts.crashes.fetch_add(dead.len() as u64, Relaxed);
            tracing::warn!(number = dead.len(), "idle render workers exited");
            error_events::report(|| ErrorEvent::new("idle render worker lost").fatal());
            self.changed.notify_all();
        }
    }

    fn give_back(&self, worker: WorkerProcess) {
        self.state.lock().idle.push((worker, Instant::now()));
        self.changed.notify_all();
    }

    fn lose(&self, worker: WorkerProcess) {
        drop(worker);
        self.state.lock().alive -= 1;
        self.changed.notify_all();
    }

    fn count(&self, ended: &Ended) {
        match ended {
            Ended::Done { cpu, .. } => drop(self.counts.cpu_nanos.fetch_add(cpu.as_nanos() as u64, Relaxed)),
            Ended::Crashed(_) => drop(self.counts.crashes.fetch_add(1, Relaxed)),
            Ended::Stopped { reason, killed } => {
                self.counts.stops[*reason as usize].fetch_add(1, Relaxed);
                self.counts.kills[*reason as usize].fetch_add((*killed).into(), Relaxed);
            }
        }
    }
}

impl State {
    /// Removes the idle workers that hold too much memory.
    fn grown(&mut self) -> Vec<WorkerProcess> {
        let now = Instant::now();
        let is_grown = |(worker, since): &mut (WorkerProcess, Instant)| {
            now.duration_since(*since) >= SETTLED_AFTER
                && worker.memory().is_some_and(|bytes| bytes > MAX_IDLE_BYTES)
        };
        let grown: Vec<_> = self.idle.extract_if(.., is_grown).map(|(worker, _)| worker).collect();
        self.alive -= grown.len();
        grown
    }
}

impl Budget {
    /// Takes a token if there is one.
    fn take(&mut self, now: Instant) -> bool {
        let earned = now.duration_since(self.at).as_secs_f64() / ABANDONED_KILL_INTERVAL.as_secs_f64();
        self.left = (self.left + earned).min(ABANDONED_KILLS);
        self.at = now;
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: ABANDONED_KILLS, at: Instant::now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Reason;

    #[test]
    fn kills_of_abandoned_jobs_are_rate_limited() {
        let mut budget = Budget::default();
        let now = budget.at;
        let taken = |budget: &mut Budget, at| (0..100).filter(|_| budget.take(at)).count();
        assert_eq!(taken(&mut budget, now), 8);
        assert_eq!(taken(&mut budget, now + ABANDONED_KILL_INTERVAL), 1);
        assert_eq!(taken(&mut budget, now + 4 * ABANDONED_KILL_INTERVAL), 3);
        assert_eq!(taken(&mut budget, now + 1000 * ABANDONED_KILL_INTERVAL), 8);
    }

    #[test]
    fn reasons_match_the_order_of_their_counters() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
        }
    }
}
