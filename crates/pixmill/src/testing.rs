//! The core without a server: real caches in memory, with a fake origin and a fake renderer.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, future::LocalBoxFuture};
use image_api::{Accept, OutputFormat, Params, Settings, settings};
use origin::{CachePolicy, Fetched, Hosts, ObjectRef, Origins, Selection, Unchanged, Validators};
use parking_lot::Mutex;
use result_cache::{Cache, CacheName, Coalescer, Config, Coordinator};
use tokio::sync::{Notify, Semaphore};
use vips_ops::{Answer, Media, Refined, refine::Reason};

use crate::{
    analysis::{
        analyzer::Analyzer,
        cached::{Analyses, SharedAnalyses},
    },
    cache_key::CacheKeys,
    coalescing::Operations,
    config::Vision,
    error::Error,
    file_versions::{FileChecks, FileVersions},
    model::{analysis::AnalysisResult, variant::VariantRequest},
    origin_backoff::OriginBackoff,
    originals::{self, Originals, OriginalsPolicy, origin_client::OriginClient},
    overlays::Overlays,
    quarantine::Quarantine,
    refine::{Refiner, SharedRefinement},
    render::{
        Class, Done, Job, Operation, Order, Output, Phases, Rendered,
        guarded::{GuardedRenderer, Render},
    },
    telemetry::counters::Counters,
    variants::{
        VariantNames, VariantStore, Variants,
        build::{BuildContext, VariantBuilder},
    },
};

/// A deadline that is not reached in tests.
pub const LONG: Duration = Duration::from_mins(10);

/// The bytes of every original: the signature of a JPEG.
pub const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture";

/// The response of a fake origin.
#[derive(Debug, Clone)]
pub enum Response {
    /// A picture with an entity tag, and a freshness lifetime in seconds.
    Picture { etag: &'static str, max_age: u64 },
    /// A picture that must not be stored.
    NoStore,
    /// The version with the entity tag is current.
    NotModified { etag: &'static str },
    /// There is no such picture.
    NotFound,
    /// The origin is broken.
    Broken,
}

/// An origin that counts fetches and returns a configured response.
pub struct FakeOrigin {
    /// The response to every fetch.
    pub response: RefCell<Response>,
    /// An original that does not exist.
    pub missing: RefCell<Option<ObjectRef>>,
    /// Fetches that were started.
    pub fetches: Cell<usize>,
    /// Fetches that were dropped before they ended.
    pub abandoned: Rc<Cell<usize>>,
    /// If set, fetches wait for it.
    pub gate: RefCell<Option<Rc<Notify>>>,
    /// The validators of the last fetch.
    pub validators: RefCell<Option<Validators>>,
}

/// Counts a fetch as abandoned unless it ended.
struct Abandoned(Option<Rc<Cell<usize>>>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            count.set(count.get() + 1);
        }
    }
}

impl FakeOrigin {
    fn new() -> Self {
        Self {
            response: RefCell::new(Response::Picture { etag: "\"1\"", max_age: 3600 }),
            missing: RefCell::default(),
            fetches: Cell::default(),
            abandoned: Rc::default(),
            gate: RefCell::default(),
            validators: RefCell::default(),
        }
    }

    fn respond(&self) -> Result<Fetched, origin::Error> {
        let (body, elapsed) = (Bytes::from_static(JPEG), Duration::ZERO);
        let picture = |etag: &str, cache_policy| {
            let validators = Validators { etag: Some(etag.to_owned()), last_modified: None };
            let (coding_warning, content_type) = (None, None);
            let found =
                origin::Original { body, coding_warning, validators, cache_policy, content_type, elapsed };
            Ok(Fetched::Modified(found))
        };
        match *self.response.borrow() {
            Response::Picture { etag, max_age } => {
                let max_age = Some(Duration::from_secs(max_age));
                picture(etag, CachePolicy { max_age, is_stated: true, ..CachePolicy::default() })
            }
            Response::NoStore => {
                picture("\"1\"", CachePolicy { no_store: true, is_stated: true, ..CachePolicy::default() })
            }
            Response::NotModified { etag } => {
                let validators = Validators { etag: Some(etag.to_owned()), last_modified: None };
                let cache_policy = CachePolicy::default();
                Ok(Fetched::NotModified(Unchanged { validators, cache_policy, elapsed }))
            }
            Response::NotFound => Err(not_found()),
            Response::Broken => {
                let (host, reason) = ("origin.test".to_owned(), "a test".to_owned());
                Err(origin::Error::Broken { host, reason })
            }
        }
    }
}

fn not_found() -> origin::Error {
    origin::Error::NotFound { original: "a test".to_owned() }
}

impl OriginClient for FakeOrigin {
    fn fetch<'a>(
        &'a self,
        target: &'a ObjectRef,
        known: Option<&'a Validators>,
    ) -> LocalBoxFuture<'a, Result<Fetched, origin::Error>> {
        async move {
            self.fetches.set(self.fetches.get() + 1);
            *self.validators.borrow_mut() = known.cloned();
            let mut abandoned = Abandoned(Some(Rc::clone(&self.abandoned)));
            let gate = self.gate.borrow().clone();
            if let Some(gate) = gate {
                gate.notified().await;
            }
            abandoned.0 = None;
            if self.missing.borrow().as_ref() == Some(target) {
                return Err(not_found());
            }
            self.respond()
        }
        .boxed_local()
    }

    fn file_version<'a>(
        &'a self,
        _name: &'a str,
    ) -> LocalBoxFuture<'a, Result<Option<String>, origin::Error>> {
        async { Ok(None) }.boxed_local()
    }
}

/// A renderer that counts jobs, returns fixed bytes, and fails with a configured error.
#[derive(Default)]
pub struct FakeRenderer {
    /// Renders that were run.
    pub renders: AtomicUsize,
    /// Analyses that were run.
    pub analyses: AtomicUsize,
    /// Second encodings that were asked for.
    pub refinements: AtomicUsize,
    /// What every second pass returns.
    pub refined: Mutex<Option<Refined>>,
    /// If set, second passes wait for it.
    pub gate: Mutex<Option<Arc<Notify>>>,
    /// The error of every job.
    pub error: Mutex<Option<Error>>,
    /// The error with which jobs are refused at admission.
    pub refusal: Mutex<Option<Error>>,
}

impl Render for FakeRenderer {
    fn would_refuse(&self, _class: Class) -> Option<Error> {
        self.refusal.lock().clone()
    }

    fn run(&self, job: Job, _order: Order) -> LocalBoxFuture<'_, Result<Done<Output>, Error>> {
        async move {
            let gate = self.gate.lock().clone().filter(|_| matches!(job.operation, Operation::Refine(_)));
            if let Some(gate) = gate {
                self.refinements.fetch_add(1, Relaxed);
                gate.notified().await;
                self.refinements.fetch_sub(1, Relaxed);
            }
            let value = match job.operation {
                Operation::Analyze(_) => {
                    self.analyses.fetch_add(1, Relaxed);
                    Output::Analysis(AnalysisResult::Faces(Vec::new()))
                }
                Operation::Refine(refine) => {
                    assert_eq!(refine.encoded, b"rendered"[..]);
                    self.refinements.fetch_add(1, Relaxed);
                    let kept = Refined::Kept(Reason::NoGain);
                    Output::Refined(self.refined.lock().clone().unwrap_or(kept))
                }
                Operation::Score(_) => Output::Score(None),
                Operation::Render(_) => {
                    self.renders.fetch_add(1, Relaxed);
                    let answer = Answer {
                        bytes: Bytes::from_static(b"rendered"),
                        media: Media::Picture(OutputFormat::Jpeg),
                        original: image_api::size::Size { width: 40, height: 30 },
                        lacks_overlays: false,
                        quality: None,
                        codecs: None,
                    };
                    Output::Rendered(Rendered { answer, phases: Phases::default() })
                }
            };
            match self.error.lock().clone() {
                Some(error) => Err(error),
                None => Ok(Done { value, waited: Duration::ZERO }),
            }
        }
        .boxed_local()
    }
}

/// The core of one worker.
pub struct Core {
    pub origin: Rc<FakeOrigin>,
    pub renderer: Arc<FakeRenderer>,
    pub names: Rc<Origins>,
    pub caches: originals::Store,
    pub originals: Rc<Originals>,
    pub variants: Rc<Variants>,
    pub results: Cache,
    pub refinement: Option<Arc<SharedRefinement>>,
}

impl Core {
    /// A core with empty caches, whose origin has one picture that is fresh for an hour.
    pub async fn new() -> Self {
        Self::refining(&settings::Refine::default()).await
    }

    /// The same, with a second pass.
    pub async fn refining(settings: &settings::Refine) -> Self {
        let refinement = SharedRefinement::with_yield_rest(settings, Duration::ZERO);
        let origin = Rc::new(FakeOrigin::new());
        let config = Config::default();
        let coordinator = Coordinator::open(&config).unwrap();
        let open = async |name| Cache::open(&config, name, &coordinator).await.unwrap();
        let (results, cache) = (open(CacheName::Results).await, open(CacheName::Originals).await);
        let caches = originals::Store { cache, coordinator };
        let names = origins();
        let backoff = Arc::new(OriginBackoff::new(LONG));
        let files = FileVersions {
            names: Rc::clone(&names),
            client: origin.clone(),
            checks: Arc::new(FileChecks::new(LONG)),
            deadline: LONG,
        };
        let files = Rc::new(files);
        let access =
            originals::Origin { names: Rc::clone(&names), client: origin.clone(), files: Rc::clone(&files) };
        let policy = OriginalsPolicy { lifetimes: config.limits(), max_bytes: 1 << 20, deadline: LONG };
        let operations = Operations::new(LONG);
        let originals =
            Rc::new(Originals::new(access, caches.clone(), &operations, Arc::clone(&backoff), policy));
        let renderer = Arc::new(FakeRenderer::default());
        let keys = Arc::new(CacheKeys::new(&Settings::default(), &Vision::default()));
        let builder = builder(&results, &caches.coordinator, &keys, &names, &originals, renderer.clone());
        let store = VariantStore { cache: results.clone(), coordinator: caches.coordinator.clone(), files };
        let variants = Variants::new(
            VariantNames { origins: Rc::clone(&names), keys },
            store,
            &Operations::new(LONG),
            backoff,
            builder,
            refinement.clone().map(|shared| Rc::new(Refiner::new(shared))),
            LONG,
        );
        let variants = Rc::new(variants);
        Self { origin, renderer, names, caches, originals, variants, results, refinement }
    }

    /// Sets the response of the origin.
    pub fn respond(&self, response: Response) {
        *self.origin.response.borrow_mut() = response;
    }

    /// Makes fetches wait until the returned gate is notified.
    pub fn hold_fetches(&self) -> Rc<Notify> {
        let gate = Rc::new(Notify::new());
        *self.origin.gate.borrow_mut() = Some(Rc::clone(&gate));
        gate
    }

    /// The reference of the original of a path.
    pub fn target(&self, path: &str) -> Rc<ObjectRef> {
        Rc::new(self.names.locate(&Selection { path, ..Selection::default() }).unwrap())
    }

    /// A request for a variant of `/a.jpg`.
    pub fn request(&self, query: &str) -> VariantRequest {
        VariantRequest {
            target: self.target("/a.jpg"),
            params: Params::parse(query).unwrap().params,
            accept: Accept::default(),
            class: Class::Picture,
        }
    }
}

fn origins() -> Rc<Origins> {
    let config = origin::Config { url: "http://origin.test/".into(), ..origin::Config::default() };
    let hosts = Arc::new(Hosts::new(&config));
    Rc::new(Origins::open(&config, &BTreeMap::new(), 1 << 20, &hosts).unwrap())
}

fn builder(
    results: &Cache,
    coordinator: &Coordinator,
    keys: &Arc<CacheKeys>,
    names: &Rc<Origins>,
    originals: &Rc<Originals>,
    renderer: Arc<FakeRenderer>,
) -> VariantBuilder {
    let quarantine = Arc::new(Quarantine::new(LONG, results.clone()));
    let renderer = GuardedRenderer { renderer, quarantine };
    let counters = Arc::new(Counters::new([]));
    let shared = Arc::new(SharedAnalyses { operations: Coalescer::new(LONG), permits: Semaphore::new(1) });
    let analyses = Rc::new(Analyses {
        renderer: renderer.clone(),
        cache: results.clone(),
        keys: Arc::clone(keys),
        shared,
        counters: Arc::clone(&counters),
    });
    let context = BuildContext {
        settings: Arc::new(Settings::default()),
        analyzer: Arc::new(Analyzer::open(&Vision::default())),
        coordinator: coordinator.clone(),
        negative_ttl: Duration::from_secs(10),
        counters,
        companions: Arc::default(),
    };
    let overlays = Overlays { names: Rc::clone(names), originals: Rc::clone(originals) };
    VariantBuilder { originals: Rc::clone(originals), overlays, analyses, renderer, context }
}
