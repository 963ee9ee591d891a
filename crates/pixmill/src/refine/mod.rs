//! The second pass: variants that are requested often are encoded again when render workers are idle, with what is slow and small,
//! and the result takes the place of the first one in all caches.
//!
//! ```text
//! request ─► counted ([`requests`]) ─ the n-th ─► queue of this thread ─► turn ─► lease ─► worker process, idle class
//!                                                     ▲                     │                 │ smaller, looks no worse
//!                                                     └── yields to renders ┘                 ▼
//!                                                                          caches ◄─ new entity tag ─► other nodes
//! ```

pub mod requests;
#[cfg(test)]
mod tests;

use std::{
    cell::{Cell, RefCell},
    collections::{HashSet, VecDeque},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use actix_web::rt;
use futures_util::future::LocalBoxFuture;
use image_api::settings;
use result_cache::{CacheEntry, Key, Refinement};
use tokio::sync::Semaphore;

use self::requests::RequestCounts;
use crate::model::variant::VariantRequest;

/// How often a variant is tried that yields to other work. Then it is left out until it is requested again.
const MAX_TRIES: u8 = 5;

/// Stopping for other work may take a worker process, which costs a start.
const YIELD_REST: Duration = Duration::from_secs(1);

/// The state that all threads share.
pub struct SharedRefinement {
    settings: settings::Refine,
    /// The shortest rest after a refinement that stopped for other work.
    yield_rest: Duration,
    requests: RequestCounts,
    /// One variant is refined at a time.
    turn: Semaphore,
    queued: AtomicUsize,
    stats: [AtomicU64; Outcome::ALL.len()],
    saved_bytes: AtomicU64,
    busy_nanos: AtomicU64,
}

/// What became of a variant whose turn it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A smaller encoding took its place.
    Saved,
    /// No encoding of the same quality saves enough.
    NoGain,
    /// No encoding that was tried has the same quality.
    Quality,
    /// The original, the queue or the render failed.
    Failed,
    /// There was nothing to do: another node did it, it changed or was purged meanwhile, it is not suited, or the queue was full.
    Skipped,
    /// It stopped because other work waited.
    Yielded,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Saved, Self::NoGain, Self::Quality, Self::Failed, Self::Skipped, Self::Yielded];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::NoGain => "no_gain",
            Self::Quality => "quality",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Yielded => "yielded",
        }
    }
}

/// The end of one refinement.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// What became of it.
    pub outcome: Outcome,
    /// Bytes by which the entry became smaller.
    pub saved: usize,
    /// How long it waited for an idle worker.
    pub waited: Duration,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, saved: 0, waited: Duration::ZERO }
    }
}

/// Refines variants, for the second pass.
pub trait RefineVariant {
    /// Refines a variant whose turn it is.
    fn refine<'a>(&'a self, candidate: &'a Candidate) -> LocalBoxFuture<'a, Ended>;
}

/// A variant that waits for its turn.
pub struct Candidate {
    /// A request for it.
    pub request: VariantRequest,
    /// Its key in the results cache.
    pub key: Key,
    tries: u8,
}

/// The second pass of one thread that reads requests.
pub struct Refiner {
    shared: Arc<SharedRefinement>,
    queue: RefCell<VecDeque<Candidate>>,
    queued_keys: RefCell<HashSet<Key>>,
    is_running: Cell<bool>,
}

impl SharedRefinement {
    /// Nothing is counted yet. None if the second pass is off.
    pub fn new(settings: &settings::Refine) -> Option<Arc<Self>> {
        Self::with_yield_rest(settings, YIELD_REST)
    }

    /// The same, with another rest after a refinement that stopped for other work.
    pub fn with_yield_rest(settings: &settings::Refine, yield_rest: Duration) -> Option<Arc<Self>> {
        settings.enabled.then(|| {
            Arc::new(Self {
                settings: settings.clone(),
                yield_rest,
                requests: RequestCounts::default(),
                turn: Semaphore::new(1),
                queued: AtomicUsize::new(0),
                stats: Default::default(),
                saved_bytes: AtomicU64::new(0),
                busy_nanos: AtomicU64::new(0),
            })
        })
    }

    /// Variants that wait for their turn.
    pub fn queued(&self) -> usize {
        self.queued.load(Relaxed)
    }

    /// The number of variants by what became of them.
    pub fn outcomes(&self) -> [(Outcome, u64); Outcome::ALL.len()] {
        Outcome::ALL.map(|outcome| (outcome, self.stats[outcome as usize].load(Relaxed)))
    }

    /// Bytes by which entries became smaller, in total.
    pub fn saved_bytes(&self) -> u64 {
        self.saved_bytes.load(Relaxed)
    }

    /// Time of render workers that was used.
    pub fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy_nanos.load(Relaxed))
    }

    fn count(&self, ended: &Ended, busy: Duration) {
        self.stats[ended.outcome as usize].fetch_add(1, Relaxed);
        self.saved_bytes.fetch_add(ended.saved as u64, Relaxed);
        self.busy_nanos.fetch_add(busy.as_nanos() as u64, Relaxed);
    }

    /// The rest after so much work, which keeps the second pass within its share of one thread's time.
    fn rest(&self, outcome: Outcome, busy: Duration) -> Duration {
        let share = f64::from(self.settings.cpu_percent.clamp(1, 100)) / 100.0;
        let rest = busy.mul_f64((1.0 - share) / share);
        if outcome == Outcome::Yielded { rest.max(self.yield_rest) } else { rest }
    }
}

impl Refiner {
    /// The second pass of one thread.
    pub fn new(shared: Arc<SharedRefinement>) -> Self {
        Self {
            shared,
            queue: RefCell::default(),
            queued_keys: RefCell::default(),
            is_running: Cell::new(false),
        }
    }

    /// Counts a request that is served with this entry, and queues the variant if it was requested often enough. `request` is
    /// called only then.
    pub fn requested(
        self: &Rc<Self>,
        variants: &(impl RefineVariant + Clone + 'static),
        key: &Key,
        entry: &CacheEntry,
        request: impl FnOnce() -> VariantRequest,
    ) {
        let is_due = entry.meta.refinement == Refinement::Pending
            && self.shared.requests.reaches(key, self.shared.settings.after);
        if is_due {
            self.enqueue(variants, Candidate { request: request(), key: *key, tries: 0 });
        }
    }

    /// The longest `max-age` of a response with this entry; none: as long as the entry is fresh.
    pub fn max_age(&self, entry: &CacheEntry) -> Option<Duration> {
        let longest = self.shared.settings.first_max_age;
        (entry.meta.refinement == Refinement::Pending && !longest.is_zero()).then_some(longest)
    }

    fn enqueue(self: &Rc<Self>, variants: &(impl RefineVariant + Clone + 'static), candidate: Candidate) {
        if self.queued_keys.borrow().contains(&candidate.key) {
            return;
        }
        if self.queue.borrow().len() >= self.shared.settings.queue {
            self.shared.count(&Outcome::Skipped.into(), Duration::ZERO);
            return;
        }
        self.push(candidate);
        if !self.is_running.replace(true) {
            rt::spawn(Rc::clone(self).run(variants.clone()));
        }
    }

    fn push(&self, candidate: Candidate) {
        self.queued_keys.borrow_mut().insert(candidate.key);
        self.queue.borrow_mut().push_back(candidate);
        self.shared.queued.fetch_add(1, Relaxed);
    }

    fn pop(&self) -> Option<Candidate> {
        let candidate = self.queue.borrow_mut().pop_front()?;
        self.queued_keys.borrow_mut().remove(&candidate.key);
        self.shared.queued.fetch_sub(1, Relaxed);
        Some(candidate)
    }

    /// Refines one variant, and returns how long to rest after that.
    async fn refine(&self, variants: &impl RefineVariant, candidate: Candidate) -> Duration {
        let began = Instant::now();
        let ended = variants.refine(&candidate).await;
        let busy = began.elapsed().saturating_sub(ended.waited);
        self.shared.count(&ended, busy);
        if ended.outcome == Outcome::Yielded && candidate.tries + 1 < MAX_TRIES {
            self.push(Candidate { tries: candidate.tries + 1, ..candidate });
        }
        self.shared.rest(ended.outcome, busy)
    }

    /// Refines what is queued, one variant after the other, until the queue is empty.
    async fn run(self: Rc<Self>, variants: impl RefineVariant) {
        while let Some(candidate) = self.pop() {
            let _turn = self.shared.turn.acquire().await;
            let rest = self.refine(&variants, candidate).await;
            if !rest.is_zero() {
                tokio::time::sleep(rest).await;
            }
        }
        self.is_running.set(false);
    }
}
