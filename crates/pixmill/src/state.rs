//! The state of a server: what all workers share, and what each worker has of its own. This file wires the parts of the core;
//! they do not know it.

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use anyhow::Context;
use image_api::{Settings, params::policy::Policy};
use origin::{Hosts, Origins};
use result_cache::{Cache, CacheName, Coalescer, Coordinator};
use tokio::sync::Semaphore;

use crate::{
    analysis::cached::{Analyses, SharedAnalyses},
    cache_key::CacheKeys,
    coalescing::Operations,
    config::{Config, Problems},
    config_drift::ConfigDrift,
    file_versions::{FileChecks, FileVersions},
    model::{original::Original, variant::BuiltVariant},
    origin_backoff::OriginBackoff,
    originals::{self, Originals, OriginalsPolicy, origin_client::CountedOrigins},
    overlays::Overlays,
    quarantine::Quarantine,
    refine::{Refiner, SharedRefinement},
    render::{Renderer, guarded::GuardedRenderer},
    signing::Signer,
    telemetry::{counters::Counters, traces::Tracer},
    uploads::{MemoryBudget, queue::JobQueue},
    variants::{
        VariantNames, VariantStore, Variants,
        build::{BuildContext, VariantBuilder},
        companions::Companions,
    },
};

/// What all workers of the process share.
pub struct Shared {
    /// The configuration.
    pub config: Config,
    /// How query strings are parsed.
    pub rules: Policy,
    /// Checks signatures; none if requests need none.
    pub signer: Option<Signer>,
    /// The caches.
    pub caches: Caches,
    /// The state of the origins.
    pub origins: SharedOrigins,
    /// Work in flight that further requests can join.
    pub operations: SharedOperations,
    /// Rendering.
    pub rendering: Rendering,
    /// Starts the traces of requests; none if they are not traced.
    pub tracer: Option<Tracer>,
    /// Metrics of events.
    pub counters: Arc<Counters>,
    /// Fingerprint of the release and all settings that change responses. Nodes that share a cache should have the same.
    pub fingerprint: String,
    /// The fingerprints of the nodes that share a Redis.
    pub config_drift: ConfigDrift,
    /// The memory that uploads may take.
    pub upload_memory: MemoryBudget,
    /// Asynchronous jobs.
    pub jobs: JobQueue,
    /// The paths of pictures that the playground offers.
    pub samples: Vec<String>,
    /// The second pass; none if it is off.
    pub refinement: Option<Arc<SharedRefinement>>,
    /// Requests that are being served.
    in_flight: AtomicUsize,
    is_draining: AtomicBool,
}

/// The caches, their keys and their purges.
pub struct Caches {
    /// The keys of both caches.
    pub keys: Arc<CacheKeys>,
    /// Purges, and leases among nodes.
    pub coordinator: Coordinator,
    /// Variants, analysis results, jobs and quarantined originals.
    pub results: Cache,
    /// Originals, and remembered absences.
    pub originals: Cache,
}

/// The state of the origins that all workers share. Each worker has its own connections.
pub struct SharedOrigins {
    /// Limits and circuit breakers of hosts.
    pub hosts: Arc<Hosts>,
    backoff: Arc<OriginBackoff>,
    file_checks: Arc<FileChecks>,
}

/// Work in flight that further requests can join.
pub struct SharedOperations {
    variants: Operations<BuiltVariant>,
    originals: Operations<Original>,
    analyses: Arc<SharedAnalyses>,
    companions: Arc<Companions>,
}

/// Rendering.
pub struct Rendering {
    /// The render threads and worker processes.
    pub renderer: Arc<Renderer>,
    /// The originals that are refused.
    pub quarantine: Arc<Quarantine>,
    settings: Arc<Settings>,
}

/// The parts of a server that know HTTP, which the core does not.
pub struct HttpParts {
    /// Metrics, with the codes of all errors.
    pub counters: Counters,
    /// The queue of jobs, with the encoding of their status.
    pub jobs: JobQueue,
    /// What starts traces.
    pub tracer: Option<Tracer>,
    /// The paths of pictures that the playground offers.
    pub samples: Vec<String>,
}

/// The state of one worker: that of all, and what its requests use on its thread.
pub struct Worker {
    /// The state of all workers.
    pub shared: Arc<Shared>,
    /// The origins, with connections of this worker.
    pub origins: Rc<Origins>,
    /// The originals.
    pub originals: Rc<Originals>,
    /// The variants.
    pub variants: Rc<Variants>,
}

/// Counts a request until it is dropped.
pub struct InFlight(Rc<Worker>);

impl Shared {
    /// Opens the caches and starts the render threads and worker processes. Call it within the runtime that serves requests.
    pub async fn open(config: Config, parts: HttpParts) -> anyhow::Result<Self> {
        let settings = Arc::new(config.settings());
        let caches = Caches::open(&config, &settings).await?;
        let fingerprint = caches.keys.fingerprint(&config.policy());
        Ok(Self {
            config_drift: ConfigDrift::join(&caches.coordinator, &fingerprint),
            fingerprint,
            origins: SharedOrigins::new(&config),
            operations: SharedOperations::new(&config),
            rendering: Rendering::start(&config, settings, &caches)?,
            caches,
            tracer: parts.tracer,
            counters: Arc::new(parts.counters),
            jobs: parts.jobs,
            samples: parts.samples,
            upload_memory: MemoryBudget::new(config.uploads.max_memory),
            refinement: SharedRefinement::new(&config.refine),
            in_flight: AtomicUsize::new(0),
            is_draining: AtomicBool::new(false),
            rules: config.params.rules().map_err(Problems::from)?,
            signer: Signer::new(&config.params.signing.keys),
            config,
        })
    }

    /// Completes pending writes of the caches, and closes them.
    pub async fn close(&self) {
        self.config_drift.leave().await;
        self.caches.results.close().await;
        self.caches.originals.close().await;
    }

    /// The number of requests that are being served.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Relaxed)
    }

    /// Makes the readiness probe fail: the server accepts no more requests.
    pub fn drain(&self) {
        self.is_draining.store(true, Relaxed);
    }

    /// Whether the server is shutting down.
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Relaxed)
    }
}

impl Caches {
    async fn open(config: &Config, settings: &Settings) -> anyhow::Result<Self> {
        let coordinator = Coordinator::open(&config.cache)?;
        Ok(Self {
            keys: Arc::new(CacheKeys::new(settings, &config.vision)),
            results: Cache::open(&config.cache, CacheName::Results, &coordinator).await?,
            originals: Cache::open(&config.cache, CacheName::Originals, &coordinator).await?,
            coordinator,
        })
    }
}

impl SharedOrigins {
    fn new(config: &Config) -> Self {
        Self {
            hosts: Arc::new(Hosts::new(&config.origin)),
            backoff: Arc::new(OriginBackoff::new(config.cache.origin_pause)),
            file_checks: Arc::new(FileChecks::new(config.limits.deadline)),
        }
    }
}

impl SharedOperations {
    fn new(config: &Config) -> Self {
        let deadline = config.limits.deadline;
        let permits = Semaphore::new(config.vision.queue);
        Self {
            variants: Operations::new(deadline),
            originals: Operations::new(deadline),
            analyses: Arc::new(SharedAnalyses { operations: Coalescer::new(deadline), permits }),
            companions: Arc::default(),
        }
    }

    /// The number of operations in flight, by kind.
    pub fn in_flight(&self) -> [(&'static str, usize); 3] {
        [
            ("variants", self.variants.in_flight()),
            ("originals", self.originals.in_flight()),
            ("analyses", self.analyses.operations.in_flight()),
        ]
    }
}

impl Rendering {
    fn start(config: &Config, settings: Arc<Settings>, caches: &Caches) -> anyhow::Result<Self> {
        let renderer = Renderer::start(config, &settings).context("cannot start the renderer")?;
        let quarantine = Quarantine::new(config.workers.quarantine, caches.results.clone());
        Ok(Self { renderer: Arc::new(renderer), quarantine: Arc::new(quarantine), settings })
    }

    fn guarded(&self) -> GuardedRenderer {
        let renderer = Arc::<Renderer>::clone(&self.renderer);
        GuardedRenderer { renderer, quarantine: Arc::clone(&self.quarantine) }
    }
}

impl Worker {
    /// The state of a worker, for the thread that it runs on.
    pub fn new(shared: Arc<Shared>) -> Result<Self, origin::Error> {
        let Config { origin, origins, limits, .. } = &shared.config;
        let hosts = &shared.origins.hosts;
        let origins = Rc::new(Origins::open(origin, origins, limits.max_bytes.as_u64(), hosts)?);
        let origin = shared.origin_of_worker(&origins);
        let originals = Rc::new(shared.originals_from(origin.clone()));
        let variants = Rc::new(shared.variants_from(&origin, &originals));
        Ok(Self { shared, origins, originals, variants })
    }

    /// Counts a request until the value is dropped.
    pub fn enter(self: &Rc<Self>) -> InFlight {
        self.shared.in_flight.fetch_add(1, Relaxed);
        InFlight(Rc::clone(self))
    }
}

/// The wiring of a worker's parts.
impl Shared {
    fn origin_of_worker(&self, origins: &Rc<Origins>) -> originals::Origin {
        let (names, counters) = (Rc::clone(origins), Arc::clone(&self.counters));
        let client = Rc::new(CountedOrigins { origins: Rc::clone(origins), counters });
        let files = FileVersions {
            names: Rc::clone(origins),
            client: client.clone(),
            checks: Arc::clone(&self.origins.file_checks),
            deadline: self.config.limits.deadline,
        };
        originals::Origin { names, client, files: Rc::new(files) }
    }

    fn originals_from(&self, origin: originals::Origin) -> Originals {
        let Caches { originals: cache, coordinator, .. } = &self.caches;
        let store = originals::Store { cache: cache.clone(), coordinator: coordinator.clone() };
        let policy = OriginalsPolicy {
            lifetimes: self.config.cache.limits(),
            max_bytes: self.config.limits.max_bytes.as_u64(),
            deadline: self.config.limits.deadline,
        };
        Originals::new(origin, store, &self.operations.originals, Arc::clone(&self.origins.backoff), policy)
    }

    fn variants_from(&self, origin: &originals::Origin, originals: &Rc<Originals>) -> Variants {
        let Caches { keys, coordinator, results, .. } = &self.caches;
        let names = VariantNames { origins: Rc::clone(&origin.names), keys: Arc::clone(keys) };
        let store = VariantStore {
            cache: results.clone(),
            coordinator: coordinator.clone(),
            files: Rc::clone(&origin.files),
        };
        Variants::new(
            names,
            store,
            &self.operations.variants,
            Arc::clone(&self.origins.backoff),
            self.builder(&origin.names, originals),
            self.refinement.clone().map(|shared| Rc::new(Refiner::new(shared))),
            self.config.limits.deadline,
        )
    }

    fn builder(&self, names: &Rc<Origins>, originals: &Rc<Originals>) -> VariantBuilder {
        let Caches { keys, coordinator, results, .. } = &self.caches;
        let renderer = self.rendering.guarded();
        let analyses = Analyses {
            renderer: renderer.clone(),
            cache: results.clone(),
            keys: Arc::clone(keys),
            shared: Arc::clone(&self.operations.analyses),
            counters: Arc::clone(&self.counters),
        };
        let context = BuildContext {
            settings: Arc::clone(&self.rendering.settings),
            analyzer: Arc::clone(self.rendering.renderer.analyzer()),
            coordinator: coordinator.clone(),
            negative_ttl: self.config.cache.negative_ttl,
            counters: Arc::clone(&self.counters),
            companions: Arc::clone(&self.operations.companions),
        };
        let overlays = Overlays { names: Rc::clone(names), originals: Rc::clone(originals) };
        VariantBuilder {
            originals: Rc::clone(originals),
            overlays,
            analyses: Rc::new(analyses),
            renderer,
            context,
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.shared.in_flight.fetch_sub(1, Relaxed);
    }
}
