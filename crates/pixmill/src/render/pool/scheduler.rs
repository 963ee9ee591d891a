//! Scheduling decisions: which tasks are admitted, which is next, which is dropped. It has no clock, threads or locks of its
//! own.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    class::{Class, PerClass},
    correction::Correction,
    decodes::{Decodes, Role, SharedDecode},
    forecast::{Taken, Work, done_after},
    overload,
    queue::{Queue, Rank, Waiting},
    refusal::{Refusal, Refusals},
};
use crate::render::Cost;

/// How long others may overtake a task that does not fit into memory. After that, threads stay idle until it fits.
const MOST_PASSED: Duration = Duration::from_millis(500);

/// The assumed rest of a task that runs longer than predicted, as a fraction of the time that it has run.
const OVERDUE: f64 = 0.2;

/// A task whose predicted time is so many times the deadline of a request is refused for good: predictions of single pictures
/// are wrong by up to a factor of two.
const HOPELESS: u32 = 2;

/// A task that waits longer than a free thread takes to start it.
const PROMPT: Duration = Duration::from_millis(5);

/// A task for the render threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// The class whose share of the threads it uses.
    pub class: Class,
    /// The predicted cost.
    pub cost: Cost,
    /// When it must have ended.
    pub deadline: Instant,
    /// Its decode, if other tasks may share that.
    pub decode: Option<SharedDecode>,
}

/// The limits of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many tasks run at a time.
    pub threads: usize,
    /// How many tasks may wait.
    pub queue: usize,
    /// Predicted bytes of all tasks that run.
    pub memory: u64,
    /// How long a request may take.
    pub deadline: Duration,
    /// The weight of each class in sharing the threads' time, at least 1.
    pub shares: PerClass<u32>,
}

/// The position of a waiting task.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    class: Class,
    rank: Rank,
}

/// An admitted task, with its corrected prediction.
#[derive(Debug, Clone, Copy)]
pub struct Admission {
    task: Task,
    expected: Duration,
    is_attempt: bool,
}

/// What a free thread should do.
#[derive(Debug)]
pub enum Next<W, P> {
    /// This task.
    Run {
        /// Its number, for [`Scheduler::end`].
        number: u64,
        /// How long it has waited.
        waited: Duration,
        /// Its part in the decode of its original.
        role: Role<P>,
        /// Its work.
        work: W,
    },
    /// Notify this task that it was dropped, and call again.
    Drop {
        /// Why.
        refusal: Refusal,
        /// Its work.
        work: W,
    },
    /// Nothing.
    Idle,
}

/// A task that has ended.
#[derive(Debug)]
pub struct Ended<P> {
    /// Its class.
    pub class: Class,
    /// The predicted time, uncorrected.
    pub predicted: Duration,
    /// The time that it took.
    pub actual: Duration,
    /// Pixels that nobody needs any more.
    pub pixels: Option<P>,
}

struct Running {
    class: Class,
    cost: Cost,
    decode: Option<SharedDecode>,
    expected: Duration,
    began: Instant,
}

/// The state of a pool. `P` are decoded pixels that tasks share.
pub struct Scheduler<W, P = ()> {
    limits: Limits,
    /// The decodes that tasks share.
    pub decodes: Decodes<P>,
    queues: PerClass<Queue<W>>,
    running: BTreeMap<u64, Running>,
    begun: u64,
    last: u64,
    /// The virtual time of the class that was served last: a class that was idle starts here, without credit.
    served: f64,
    corrections: Corrections,
    refusals: Refusals,
}

/// Recognition is predicted by another model than renders are.
#[derive(Debug, Clone, Copy, Default)]
struct Corrections {
    render: Correction,
    vision: Correction,
}

impl<W, P: Clone> Scheduler<W, P> {
    /// A scheduler without tasks.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            decodes: Decodes::new(limits.memory),
            queues: PerClass::from_fn(|class| Queue::new(limits.shares[class])),
            running: BTreeMap::new(),
            begun: 0,
            last: 0,
            served: 0.0,
            corrections: Corrections::default(),
            refusals: Refusals::default(),
        }
    }

    /// Decides on a task that arrives. An admitted task must enter before anything else happens.
    pub fn admit(&mut self, now: Instant, task: Task) -> Result<Admission, Refusal> {
        self.observe(now);
        let expected = self.corrections.of(task.class).correct(task.cost.cpu);
        self.fits(&task, expected).map_err(|refusal| self.count(refusal))?;
        self.queues[task.class].learn_cost(expected);
        self.offered(now, task.class, expected);
        match self.judge(now, &task, expected) {
            Ok(is_attempt) => Ok(Admission { task, expected, is_attempt }),
            Err(refusal) => Err(self.refuse(now, task.class, refusal)),
        }
    }

    /// Why a task of no cost at all would be refused now; counts as a refusal.
    pub fn would_refuse(&mut self, now: Instant, class: Class) -> Option<Refusal> {
        self.observe(now);
        let deadline = now + self.limits.deadline;
        let task = Task { class, cost: Cost::default(), deadline, decode: None };
        let refusal = self.judge(now, &task, Duration::ZERO).err()?;
        // what it is will not be known, so it counts like others
        self.offered(now, class, self.queues[class].mean_cost());
        Some(self.refuse(now, class, refusal))
    }

    /// Queues an admitted task.
    pub fn enter(&mut self, now: Instant, admission: Admission, work: W) -> Ticket {
        let Admission { task: Task { class, cost, deadline, decode }, expected, is_attempt } = admission;
        self.last += 1;
        let decode = decode.filter(|decode| self.decodes.may_share(*decode, cost.bytes));
        if let Some(decode) = decode {
            self.decodes.enter(decode);
        }
        let rank = Rank::new(now, expected, self.last);
        let queue = &mut self.queues[class];
        if queue.waiting.is_empty() {
            queue.pass = queue.pass.max(self.served);
        }
        let (since, passed) = (now, None);
        queue.insert(rank, Waiting { since, cost, decode, expected, deadline, is_attempt, passed, work });
        Ticket { class, rank }
    }

    /// Removes a task that has not started. Returns its work, and pixels that nobody needs any more.
    pub fn leave(&mut self, ticket: Ticket) -> Option<(W, Option<P>)> {
        let Waiting { decode, work, .. } = self.queues[ticket.class].remove(ticket.rank)?;
        Some((work, decode.and_then(|decode| self.decodes.leave(decode))))
    }

    /// What a free thread should do.
    pub fn next(&mut self, now: Instant) -> Next<W, P> {
        self.observe(now);
        if self.running.len() >= self.limits.threads {
            return Next::Idle;
        }
        let Some((ticket, late)) = self.choose(now) else { return Next::Idle };
        let free = self.limits.memory.saturating_sub(self.running_bytes());
        let queue = &mut self.queues[ticket.class];
        let mut waiting = queue.remove(ticket.rank).expect("invariant: the chosen task waits");
        if let Some(refusal) = late {
            queue.overload.dropped();
            self.refusals.count(refusal);
            waiting.decode.and_then(|decode| self.decodes.leave(decode));
            return Next::Drop { refusal, work: waiting.work };
        }
        let number = ticket.rank.number();
        let free = free.saturating_sub(waiting.cost.bytes);
        let role = waiting.decode.map(|decode| self.decodes.start(decode, number, free));
        let role = role.unwrap_or(Role::Alone);
        if let (Role::Reuser(_), Some(decode)) = (&role, waiting.decode) {
            waiting.cost.cpu = waiting.cost.cpu.saturating_sub(decode.cpu);
            waiting.expected = self.corrections.of(ticket.class).correct(waiting.cost.cpu);
        }
        let Waiting { since, cost, decode, expected, work, .. } = waiting;
        if !ticket.class.is_idle_work() {
            self.served = self.served.max(queue.pass);
        }
        queue.pass += expected.as_secs_f64() / queue.share;
        queue.running += 1;
        self.running.insert(number, Running { class: ticket.class, cost, decode, expected, began: now });
        self.begun += 1;
        Next::Run { number, waited: now.saturating_duration_since(since), role, work }
    }

    /// Records the end of a task. If it succeeded, it corrects predictions.
    pub fn end(&mut self, now: Instant, number: u64, is_complete: bool) -> Option<Ended<P>> {
        let Running { class, cost, decode, expected, began } = self.running.remove(&number)?;
        let pixels = decode.and_then(|decode| self.decodes.end(decode, number));
        let actual = now.saturating_duration_since(began);
        let queue = &mut self.queues[class];
        queue.running -= 1;
        // the class was charged the prediction
        queue.pass += (actual.as_secs_f64() - expected.as_secs_f64()) / queue.share;
        // the second pass is predicted roughly, and shares its worker's time with more than renders do
        if is_complete && !cost.cpu.is_zero() && !class.is_idle_work() {
            self.corrections.of_mut(class).learn(cost.cpu, actual);
        }
        self.observe(now);
        Some(Ended { class, predicted: cost.cpu, actual, pixels })
    }

    /// Whether a waiting task could be run by another thread.
    pub fn has_waiting(&self) -> bool {
        self.queues.iter().any(|(_, queue)| !queue.waiting.is_empty())
    }

    /// Whether idle work should stop: a task of another class waits for a thread, or for memory.
    pub fn wants_idle_work_to_stop(&self, now: Instant) -> bool {
        let mut wanted = self.wanted().flat_map(|queue| queue.waiting.values()).peekable();
        wanted.peek().is_some()
            && (self.running.len() >= self.limits.threads
                || wanted.any(|waiting| now.saturating_duration_since(waiting.since) >= PROMPT))
    }

    /// The queues of all classes but idle work.
    fn wanted(&self) -> impl Iterator<Item = &Queue<W>> {
        self.queues.iter().filter(|(class, _)| !class.is_idle_work()).map(|(_, queue)| queue)
    }
}

/// Admission.
impl<W, P: Clone> Scheduler<W, P> {
    /// Fails if it could not even run alone.
    fn fits(&self, task: &Task, expected: Duration) -> Result<(), Refusal> {
        let Limits { memory, deadline, .. } = self.limits;
        if task.cost.bytes > memory {
            return Err(Refusal::Memory { needed: task.cost.bytes, allowed: memory });
        }
        if expected > deadline.saturating_mul(HOPELESS) {
            return Err(Refusal::TooLong { needed: expected, allowed: deadline });
        }
        Ok(())
    }

    /// Whether it can end in time. It is tried if a thread is free at once.
    fn judge(&self, now: Instant, task: &Task, expected: Duration) -> Result<bool, Refusal> {
        let Task { class, deadline, .. } = *task;
        let queue = &self.queues[class];
        if self.is_full(class) {
            let retry_after = self.wait(now, class, Work::default(), task.cost.bytes);
            return Err(Refusal::QueueFull { retry_after });
        }
        let left = deadline.saturating_duration_since(now);
        let ahead = queue.ahead_of(Rank::new(now, expected, u64::MAX));
        let wait = self.wait(now, class, ahead, task.cost.bytes);
        let is_attempt = expected > left;
        if !wait.is_zero() && wait + expected > left {
            // a task that is always too long is tried when nothing waits
            return Err(Refusal::Deadline { retry_after: (wait + expected.min(left)).saturating_sub(left) });
        }
        let wait = self.wait(now, class, queue.backlog, 0);
        if class.is_interactive() && queue.overload.refuses(wait) {
            return Err(Refusal::Overload { retry_after: wait.saturating_sub(overload::TARGET) });
        }
        Ok(is_attempt)
    }

    /// Whether the queue is full. Background work may take half of it.
    fn is_full(&self, class: Class) -> bool {
        let Limits { threads, queue, .. } = self.limits;
        let waiting = |which: fn(Class) -> bool| -> usize {
            self.queues.iter().filter(|(class, _)| which(*class)).map(|(_, queue)| queue.waiting.len()).sum()
        };
        // idle work stops for everything else
        let running = self.running.values().filter(|task| !task.class.is_idle_work()).count();
        let busy = running + waiting(|class| !class.is_idle_work());
        let background = waiting(|class| !class.is_interactive());
        busy >= threads.saturating_add(queue)
            || (!class.is_interactive() && busy >= threads && background >= queue.div_ceil(2))
    }

    fn offered(&mut self, now: Instant, class: Class, work: Duration) {
        let active = self
            .queues
            .iter()
            .filter(|(other, queue)| *other == class || (queue.is_active() && !other.is_idle_work()));
        let shares: f64 = active.map(|(_, queue)| queue.share).sum();
        let queue = &mut self.queues[class];
        let capacity = self.limits.threads as f64 * queue.share / shares;
        queue.overload.offered(now, work, capacity);
    }

    fn refuse(&mut self, now: Instant, class: Class, refusal: Refusal) -> Refusal {
        if matches!(refusal, Refusal::Overload { .. } | Refusal::QueueFull { .. }) {
            self.queues[class].overload.refused(now);
        }
        self.count(refusal)
    }

    fn count(&mut self, refusal: Refusal) -> Refusal {
        self.refusals.count(refusal);
        refusal
    }

    fn observe(&mut self, now: Instant) {
        for class in Class::ALL.into_iter().filter(|class| class.is_interactive()) {
            let wait = self.wait(now, class, self.queues[class].backlog, 0);
            self.queues[class].overload.observe(now, wait);
        }
    }

    /// How long a task of this class and so many bytes would wait behind so much work of its class, and what other
    /// classes are served meanwhile.
    fn wait(&self, now: Instant, class: Class, ahead: Work, bytes: u64) -> Duration {
        let own = &self.queues[class];
        let factor = |class| self.corrections.of(class).factor();
        let (mut seconds, mut byte_seconds) = scaled(ahead, factor(class));
        let begin = if own.waiting.is_empty() { own.pass.max(self.served) } else { own.pass };
        let reach = begin + seconds / own.share;
        let is_ahead = |other: Class, queue: &Queue<W>| {
            other != class && !queue.waiting.is_empty() && !other.is_idle_work()
        };
        for (other, queue) in self.queues.iter().filter(|(other, queue)| is_ahead(*other, queue)) {
            let (backlog, memory) = scaled(queue.backlog, factor(other));
            let served = ((reach - queue.pass).max(0.0) * queue.share).min(backlog);
            seconds += served;
            byte_seconds += memory * if backlog > 0.0 { served / backlog } else { 1.0 };
        }
        let stays = |task: &&Running| class.is_idle_work() || !task.class.is_idle_work();
        let running =
            || self.running.values().filter(stays).map(|task| (task.left(now), task.cost.bytes as f64));
        let mut threads: Vec<_> = running().map(|(seconds, _)| Taken { units: 1.0, seconds }).collect();
        let mut memory: Vec<_> = running().map(|(seconds, units)| Taken { units, seconds }).collect();
        let for_threads = done_after(&mut threads, self.limits.threads as f64, seconds, 1.0);
        let for_memory = done_after(&mut memory, self.limits.memory as f64, byte_seconds, bytes as f64);
        Duration::try_from_secs_f64(for_threads.max(for_memory)).unwrap_or(Duration::MAX / 4)
    }
}

/// Dispatch.
impl<W, P: Clone> Scheduler<W, P> {
    /// The task that is next, and why it is not to be run.
    fn choose(&mut self, now: Instant) -> Option<(Ticket, Option<Refusal>)> {
        let free = self.limits.memory.saturating_sub(self.running_bytes());
        let mut classes = Class::ALL.map(|class| (self.queues[class].pass, class));
        classes.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let is_wanted = self.wanted().any(|queue| !queue.waiting.is_empty());
        // a task has been overtaken for too long: only what makes memory free may still overtake it
        let mut is_passed = false;
        for (_, class) in classes.into_iter().filter(|(_, class)| !(is_wanted && class.is_idle_work())) {
            for (rank, waiting) in &mut self.queues[class].waiting {
                let ticket = Ticket { class, rank: *rank };
                let is_late = waiting.is_late(now);
                if !is_late && self.decodes.holds(waiting.decode) {
                    continue;
                }
                let may_start = !is_passed || self.decodes.is_ready(waiting.decode);
                if is_late || (may_start && waiting.cost.bytes <= free) {
                    return Some((ticket, self.late(now, ticket)));
                }
                let since = *waiting.passed.get_or_insert(now);
                is_passed |= now.saturating_duration_since(since) >= MOST_PASSED;
            }
        }
        None
    }

    /// Why a task is not to be run although it was admitted.
    fn late(&self, now: Instant, ticket: Ticket) -> Option<Refusal> {
        let queue = &self.queues[ticket.class];
        let waiting = queue.waiting.get(&ticket.rank)?;
        if now >= waiting.deadline && !ticket.class.is_idle_work() {
            return Some(Refusal::Expired);
        }
        let is_dropped = queue.overload.drops(now, now.saturating_duration_since(waiting.since));
        (is_dropped || waiting.is_late(now)).then(|| {
            let wait = self.wait(now, ticket.class, queue.backlog, 0);
            Refusal::Dropped { retry_after: wait.saturating_sub(overload::TARGET) }
        })
    }
}

/// Numbers for metrics.
impl<W, P: Clone> Scheduler<W, P> {
    /// How many tasks run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Predicted bytes of all tasks that run, and of the pixels that tasks share.
    pub fn running_bytes(&self) -> u64 {
        self.running.values().map(|task| task.cost.bytes).sum::<u64>() + self.decodes.bytes()
    }

    /// The number of tasks started since the start of the server.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// How many tasks of a class wait.
    pub fn waiting(&self, class: Class) -> usize {
        self.queues[class].waiting.len()
    }

    /// Predicted work of a class that waits, corrected.
    pub fn queued(&self, class: Class) -> Duration {
        self.corrections.of(class).correct(self.queues[class].backlog.cpu)
    }

    /// Since when the oldest task waits.
    pub fn oldest(&self) -> Option<Instant> {
        self.queues.iter().flat_map(|(_, queue)| queue.waiting.values()).map(|waiting| waiting.since).min()
    }

    /// The factor by which predictions of this class are corrected.
    pub fn correction(&self, class: Class) -> f64 {
        self.corrections.of(class).factor()
    }

    /// How many tasks were refused, by reason.
    pub fn refusals(&self) -> Refusals {
        self.refusals
    }
}

impl Running {
    /// Seconds that it will still take.
    fn left(&self, now: Instant) -> f64 {
        let elapsed = now.saturating_duration_since(self.began).as_secs_f64();
        let left = self.expected.as_secs_f64() - elapsed;
        if left > 0.0 { left } else { OVERDUE * elapsed }
    }
}

impl Corrections {
    fn of(&self, class: Class) -> &Correction {
        if class == Class::Vision { &self.vision } else { &self.render }
    }

    fn of_mut(&mut self, class: Class) -> &mut Correction {
        if class == Class::Vision { &mut self.vision } else { &mut self.render }
    }
}

/// Corrected seconds, and byte-seconds.
fn scaled(work: Work, factor: f64) -> (f64, f64) {
    (work.cpu.as_secs_f64() * factor, work.byte_nanos as f64 / 1e9 * factor)
}
