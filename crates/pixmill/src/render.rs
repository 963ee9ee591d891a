//! Rendering: renders and analyses are admitted by predicted cost, queued, and run in worker processes or on render threads.

mod engine;
pub mod guarded;
pub mod memory;
mod pool;
mod process;
mod shared_decode;
mod shared_pixels;
#[cfg(debug_assertions)]
pub mod test_faults;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytesize::ByteSize;
use image_api::Settings;
pub use vips_ops::cost::Cost;
use vips_ops::{
    cost::{self, Analysis},
    vips::Deadline,
};

pub use self::{
    engine::{Engine, Job, Operation, Output, Phases, Refine, Render, Rendered},
    pool::{Class, Done, Limits, Load, PerClass, Pool, Refusals, Task},
    process::{Reason, Stats as ProcessStats, run_worker},
};
use self::{
    pool::{Part, SharedDecode},
    process::{Bounds, Ended, Setup, Supervisor, signal_name},
};
use crate::{
    analysis::analyzer::Analyzer,
    config::{Config, Isolation},
    error::Error,
    model::analysis::AnalysisKind,
};

/// The render threads of a server with their queue, and the worker processes.
pub struct Renderer {
    pool: Pool,
    engine: Engine,
    processes: Option<Arc<Supervisor>>,
    /// The memory that one job may take.
    memory: ByteSize,
    /// Whether jobs on one original share its decode.
    share_decodes: bool,
    /// A job that had at least this much time before its deadline and did not end counts against its original.
    fair_time: Duration,
}

/// The conditions of one job.
pub struct Order {
    /// The class whose share of the render threads it uses.
    pub class: Class,
    /// When it must have ended.
    pub until: Instant,
    /// The name of the original, for the log.
    pub identity: String,
    /// Whether more jobs on the original are about to come.
    pub has_companions: bool,
    /// Called on a render thread if the job crashed its worker or used up its time.
    pub on_strike: Box<dyn FnOnce() + Send>,
}

impl Renderer {
    /// Starts the render threads, and worker processes according to `workers.isolation`.
    ///
    /// # Errors
    /// If a thread or the first worker cannot be started.
    pub fn start(config: &Config, settings: &Settings) -> anyhow::Result<Self> {
        let threads = config.workers.thread_count();
        let engine = Engine {
            settings: Arc::new(settings.clone()),
            analyzer: Arc::new(Analyzer::open(&config.vision)),
        };
        let memory = config.workers.max_render_memory;
        let processes = match config.workers.isolation {
            Isolation::Thread => None,
            Isolation::Process => {
                let setup = Setup {
                    settings: settings.clone(),
                    vision: config.vision.clone(),
                    logs: config.logs.clone(),
                    memory: memory.as_u64(),
                    sandbox: config.workers.sandbox,
                };
                Some(Arc::new(Supervisor::start(setup, threads)?))
            }
        };
        let (pool, fair_time) = (Pool::new(config.pool_limits())?, config.limits.deadline / 2);
        let share_decodes = config.workers.share_decodes;
        Ok(Self { pool, engine, processes, memory, share_decodes, fair_time })
    }

    /// Runs a job. Dropping the future takes it out of the queue, or stops it.
    ///
    /// # Errors
    /// If the job is refused, crashes its worker, exceeds its memory or its deadline, and with its own error.
    pub async fn run(&self, job: Job, order: Order) -> Result<Done<Output>, Error> {
        let (cost, decode) = job.cost(&self.engine.settings, order.has_companions);
        let decode = decode.filter(|_| self.share_decodes);
        let task = Task { class: order.class, cost, deadline: order.until, decode };
        let watch = EndOnDrop(Deadline::never());
        let cancelled = if order.class.is_idle_work() {
            watch.0.clone().or_when(self.pool.pressure())
        } else {
            watch.0.clone()
        };
        let processes = self.processes.clone();
        let engine = self.engine.clone();
        let allowed = Allowed { memory: self.memory, fair_time: self.fair_time };
        let work = move |part: Part| {
            let cancelled = part.unless_awaited(cancelled);
            if let Some(processes) = processes {
                return isolated(&processes, (&job, &part), &cancelled, order, &allowed);
            }
            let until = order.until;
            let passed = move || cancelled.passed() || Instant::now() >= until;
            engine.run(&job.sharing(&part), &Deadline::never().or_when(passed))
        };
        self.pool.try_run_sharing(task, work).await
    }

    /// The render threads and their queue.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The models.
    pub fn analyzer(&self) -> &Arc<Analyzer> {
        &self.engine.analyzer
    }

    /// Numbers on the worker processes; none if renders are not isolated.
    pub fn processes(&self) -> Option<ProcessStats> {
        self.processes.as_ref().map(|processes| processes.stats())
    }

    /// Whether nothing can be rendered, because no worker process can be started.
    pub fn is_broken(&self) -> bool {
        self.processes.as_ref().is_some_and(|processes| processes.failure().is_some())
    }
}

impl Job {
    /// The predicted cost, and the decode if other jobs may share that; `is_expected`: whether more of them are about to come.
    fn cost(&self, settings: &Settings, is_expected: bool) -> (Cost, Option<SharedDecode>) {
        let analysis = |wanted| cost::predict_analysis(&self.original, vision::INPUT_SIDE, wanted);
        let faces = Analysis { faces: true, ..Analysis::default() };
        let cost = match &self.operation {
            Operation::Analyze(AnalysisKind::Faces) => analysis(faces),
            Operation::Analyze(AnalysisKind::Nsfw) => {
                analysis(Analysis { nsfw: true, ..Analysis::default() })
            }
            Operation::Analyze(AnalysisKind::Labels) => {
                analysis(Analysis { labels: true, ..Analysis::default() })
            }
            Operation::Refine(refine) => {
                let Refine { render: Render { params, assets, accept }, .. } = &**refine;
                cost::predict_refinement(params, &self.original, assets, *accept, settings)
            }
            Operation::Score(score) => {
                let Refine { render: Render { params, assets, accept }, .. } = &**score;
                cost::predict_score(params, &self.original, assets, *accept, settings)
            }
            Operation::Render(render) => {
                let Render { params, assets, accept } = &**render;
                let work = cost::work(params, &self.original, assets, *accept, settings);
                let own = work.cost();
                // the rendered picture is analysed too
                let is_analysed = params.describes_faces() && !params.of_picture().is_empty();
                let more = if is_analysed { analysis(faces) } else { Cost::default() };
                let cost = Cost { cpu: own.cpu + more.cpu, bytes: own.bytes.saturating_add(more.bytes) };
                return (cost, work.decode.map(|decode| self.shared_decode(decode, is_expected)));
            }
        };
        (cost, None)
    }
}

/// The limits of every job.
struct Allowed {
    memory: ByteSize,
    fair_time: Duration,
}

/// Runs a job in a worker process.
fn isolated(
    processes: &Supervisor,
    (job, part): (&Job, &Part),
    cancelled: &Deadline,
    order: Order,
    allowed: &Allowed,
) -> Result<Output, Error> {
    let began = Instant::now();
    let Order { until, identity, on_strike, .. } = order;
    let Allowed { memory, fair_time } = *allowed;
    let bounds = Bounds { cancelled: cancelled.clone(), until, memory: memory.as_u64() };
    match processes.run(job, part, &bounds) {
        None => Err(Error::NoWorker),
        Some(Ended::Done { result, .. }) => result,
        Some(Ended::Crashed(status)) => {
            let signal = signal_name(status);
            tracing::error!(%signal, original = %identity, "a render crashed its worker process");
            on_strike();
            Err(Error::RenderCrashed)
        }
        Some(Ended::Stopped { reason: Reason::Memory, .. }) => {
            tracing::warn!(original = %identity, limit = %memory, "a render exceeded its memory limit");
            Err(Error::RenderMemory { limit: memory })
        }
        Some(Ended::Stopped { reason, killed }) => {
            let spent = began.elapsed();
            // at the deadline the caller stops waiting too: the time distinguishes that from a client that left early
            let late = reason == Reason::Deadline || Instant::now() + LATE >= until;
            if late && spent >= fair_time {
                tracing::warn!(original = %identity, ?spent, killed, "a render exceeded its time limit");
                on_strike();
            }
            Err(Error::Deadline)
        }
    }
}

/// A job that is cancelled less than this before its deadline was cancelled because of the deadline.
const LATE: Duration = Duration::from_millis(50);

/// Cancels a computation when its caller stops waiting.
pub struct EndOnDrop(pub Deadline);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
