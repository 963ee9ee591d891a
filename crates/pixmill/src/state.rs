//! What requests share: in the whole process, and on one worker.

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use anyhow::Context;
use origin::{Hosts, Origins};
use result_cache::{Cache, CacheName, Coalescer, Coordinator, Key};
use tokio::{runtime::Handle, sync::Semaphore};
use vips_ops::{Settings, params::policy::Policy};

use crate::{
    analysis::analyzer::AnalysisResult,
    cache_key::CacheKeys,
    config::{Config, Problems},
    config_drift::ConfigDrift,
    error::Error,
    file_versions::FileVersions,
    http::{cors::Cors, error, job_status},
    origin_backoff::OriginBackoff,
    originals::Original,
    quarantine::Quarantine,
    render::{Class, Order, Renderer},
    service::BuiltVariant,
    signing::Signer,
    telemetry::counters::Counters,
    uploads::{MemoryBudget, queue::JobQueue},
};

/// What all workers share.
pub struct Shared {
    /// The configuration.
    pub config: Config,
    /// The part of it that planning and rendering see.
    pub settings: Arc<Settings>,
    /// How query strings are read.
    pub rules: Policy,
    /// What checks signatures, if requests must be signed.
    pub signer: Option<Signer>,
    /// Who may read answers from scripts.
    pub cors: Cors,
    /// Names of cached things.
    pub keys: CacheKeys,
    /// What ties the caches to those of other nodes.
    pub peers: Coordinator,
    /// Encoded answers.
    pub results: Cache,
    /// Source bytes, and remembered absences.
    pub originals: Cache,
    /// Answers being made.
    pub making: Coalescer<BuiltVariant, Error>,
    /// Originals being looked at.
    pub looking: Coalescer<AnalysisResult, Error>,
    /// Places for those who want to look.
    pub looks: Semaphore,
    /// The hosts that originals come from.
    pub hosts: Arc<Hosts>,
    /// Originals being fetched.
    pub fetching: Coalescer<Original, Error>,
    /// Files of folders that were looked at a moment ago.
    pub(crate) file_versions: FileVersions,
    /// Originals whose origin failed a moment ago.
    pub origin_backoff: OriginBackoff,
    /// What computes.
    pub renderer: Renderer,
    /// Originals that are refused for a while.
    pub quarantine: Quarantine,
    /// Where work of other threads can begin tasks.
    runtime: Handle,
    /// What is counted.
    pub counters: Counters,
    /// Stands for all that changes answers: nodes that share a cache should have the same.
    pub fingerprint: String,
    /// The nodes that share a Redis, and their fingerprints.
    pub config_drift: ConfigDrift,
    /// Room for uploads in memory.
    pub upload_memory: MemoryBudget,
    /// Work that goes on after its request was answered.
    pub jobs: JobQueue,
    /// Requests being answered.
    answering: AtomicUsize,
    draining: AtomicBool,
}

/// What the requests of one worker share: the state of all, and connections to the origins of its own.
pub struct Worker {
    /// The state of all.
    pub shared: Arc<Shared>,
    /// Where originals come from.
    pub origins: Origins,
}

/// Counts a request while it is being answered.
pub struct Answering(Rc<Worker>);

impl Shared {
    /// Opens the caches and starts the pool.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let deadline = config.limits.deadline;
        let settings = config.settings();
        let keys = CacheKeys::new(&settings, &config.vision);
        let peers = Coordinator::open(&config.cache)?;
        let fingerprint = keys.fingerprint(&config.policy());
        Ok(Self {
            config_drift: ConfigDrift::join(&peers, &fingerprint),
            fingerprint,
            keys,
            counters: Counters::new(error::codes()),
            results: Cache::open(&config.cache, CacheName::Results, &peers).await?,
            originals: Cache::open(&config.cache, CacheName::Originals, &peers).await?,
            making: Coalescer::new(deadline),
            looking: Coalescer::new(deadline),
            looks: Semaphore::new(config.vision.queue),
            hosts: Arc::new(Hosts::new(&config.origin)),
            fetching: Coalescer::new(deadline),
            file_versions: FileVersions::new(deadline),
            origin_backoff: OriginBackoff::new(config.cache.origin_pause),
            peers,
            renderer: Renderer::start(&config, &settings).context("cannot start the renderer")?,
            quarantine: Quarantine::new(config.workers.quarantine),
            runtime: Handle::current(),
            upload_memory: MemoryBudget::new(config.uploads.max_memory),
            jobs: JobQueue::new(config.uploads.queue, job_status::encode),
            answering: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            settings: Arc::new(settings),
            rules: config.params.rules().map_err(Problems::from)?,
            signer: Signer::new(&config.params.signing.keys),
            cors: Cors::new(&config.cors),
            config,
        })
    }

    /// Writes what the caches still have to write and closes them.
    pub async fn close(&self) {
        self.config_drift.leave().await;
        self.results.close().await;
        self.originals.close().await;
    }

    /// How a job on an original is to be done, which may be quarantined under the key.
    pub fn order(self: &Arc<Self>, class: Class, until: Instant, identity: &str, quarantine: Key) -> Order {
        let shared = Arc::clone(self);
        let name = identity.to_owned();
        let on_strike = move || {
            if shared.quarantine.strike(quarantine) {
                tracing::warn!(original = %name, "an original is quarantined");
                let own = Arc::clone(&shared);
                let entry = shared.quarantine.entry();
                shared.runtime.spawn(async move { own.results.put_shared(quarantine, entry).await });
            }
        };
        Order { class, until, identity: identity.to_owned(), on_strike: Box::new(on_strike) }
    }

    /// How much work is under way that others may join.
    pub fn flights(&self) -> [(&'static str, usize); 3] {
        [
            ("answers", self.making.in_flight()),
            ("originals", self.fetching.in_flight()),
            ("looks", self.looking.in_flight()),
        ]
    }

    /// How many requests are being answered.
    pub fn answering(&self) -> usize {
        self.answering.load(Relaxed)
    }

    /// From now on this server wants no more requests.
    pub fn drain(&self) {
        self.draining.store(true, Relaxed);
    }

    /// Whether this server is about to end.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Relaxed)
    }
}

impl Worker {
    /// Sets up a worker.
    pub fn new(shared: Arc<Shared>) -> Result<Self, origin::Error> {
        let Config { origin, origins, limits, .. } = &shared.config;
        let origins = Origins::open(origin, origins, limits.max_bytes.as_u64(), &shared.hosts)?;
        Ok(Self { shared, origins })
    }

    /// Counts a request until the value is dropped.
    pub fn answering(self: &Rc<Self>) -> Answering {
        self.shared.answering.fetch_add(1, Relaxed);
        Answering(Rc::clone(self))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.shared.answering.fetch_sub(1, Relaxed);
    }
}
