//! Results of analyses, in the results cache: each is computed once per version of an original, for all requests that need it.

use std::{
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use image_api::Params;
use result_cache::{Cache, CacheEntry, Coalescer, EntryMeta, Freshness, Key, clock};
use tokio::sync::Semaphore;

use super::analyzer::kinds;
use crate::{
    cache_key::CacheKeys,
    coalescing::local,
    error::{Error, RETRY_SOON},
    model::{
        analysis::{AnalysisKind, AnalysisResult},
        original::{Original, Storability},
    },
    render::{
        Class, Job, Operation, Output,
        guarded::{GuardedRenderer, Subject},
    },
    telemetry::counters::Counters,
};

/// The analyses of one worker.
pub struct Analyses {
    /// Runs the models.
    pub renderer: GuardedRenderer,
    /// The results cache.
    pub cache: Cache,
    /// Its keys.
    pub keys: Arc<CacheKeys>,
    /// What all workers share.
    pub shared: Arc<SharedAnalyses>,
    /// Metrics.
    pub counters: Arc<Counters>,
}

/// The analyses in flight, of all workers.
pub struct SharedAnalyses {
    /// Requests that need the same analysis share it.
    pub operations: Coalescer<AnalysisResult, Error>,
    /// Maximum number that may run or wait, so that the queue has capacity for renders.
    pub permits: Semaphore,
}

/// The analyses whose results a request with these parameters needs.
pub fn needed(params: &Params) -> Vec<AnalysisKind> {
    match params.recognition {
        Some(wanted) => kinds(wanted),
        None if params.needs_faces() => vec![AnalysisKind::Faces],
        None => Vec::new(),
    }
}

impl Analyses {
    /// The result of each analysis of this original, from the cache or computed.
    ///
    /// Fails with [`Error::Overloaded`] if the maximum number of analyses run or wait, with [`Error::ModelsMissing`], and with
    /// the errors of a render.
    pub async fn get(
        self: &Rc<Self>,
        kinds: &[AnalysisKind],
        original: &Original,
        subject: &Subject,
    ) -> Result<Vec<AnalysisResult>, Error> {
        let mut results = Vec::with_capacity(kinds.len());
        for kind in kinds {
            results.push(self.one(*kind, original, subject).await?);
        }
        Ok(results)
    }

    async fn one(
        self: &Rc<Self>,
        kind: AnalysisKind,
        original: &Original,
        subject: &Subject,
    ) -> Result<AnalysisResult, Error> {
        let key = self.keys.analysis(kind, &subject.identity, &original.version());
        if let Some(result) = self.cached(&key).await {
            return Ok(result);
        }
        let compute = || Rc::clone(self).compute(kind, key, original.clone(), subject.clone());
        Ok(local::join(&self.shared.operations, key, subject.deadline, compute).await?.0)
    }

    async fn cached(&self, key: &Key) -> Option<AnalysisResult> {
        let now = clock::now();
        let entry = self.cache.get(key, now).await?.entry;
        if entry.state(now) != Freshness::Fresh {
            return None;
        }
        serde_json::from_slice(&entry.body).ok()
    }

    async fn compute(
        self: Rc<Self>,
        kind: AnalysisKind,
        key: Key,
        original: Original,
        subject: Subject,
    ) -> Result<AnalysisResult, Error> {
        let metrics = self.counters.inferences(kind);
        let _permit = self.shared.permits.try_acquire().map_err(|_| {
            metrics.refusals.fetch_add(1, Relaxed);
            Error::Overloaded { retry_after: RETRY_SOON }
        })?;
        let started = Instant::now();
        let job = Job { original: original.entry.body.clone(), operation: Operation::Analyze(kind) };
        let done = self.renderer.run(job, Class::Vision, &subject).await?;
        metrics.seconds.observe(started.elapsed().saturating_sub(done.waited));
        let Output::Analysis(result) = done.value else { return Err(Error::Broken) };
        if original.storability == Storability::Storable {
            self.cache.put(key, Arc::new(entry(&result, &subject.identity, &original))).await;
        }
        Ok(result)
    }
}

/// The cached form of a result: as fresh as the original, and purged with it.
fn entry(result: &AnalysisResult, identity: &str, original: &Original) -> CacheEntry {
    let source = &original.entry.meta;
    let body = serde_json::to_vec(result).expect("invariant: results are texts and numbers").into();
    let meta = EntryMeta {
        status: source.status,
        content_type: "application/json".to_owned(),
        stored_at: source.stored_at,
        lifetimes: source.lifetimes,
        tags: vec![CacheKeys::purge_tag(identity)],
        generation: source.generation,
        ..EntryMeta::default()
    };
    CacheEntry { meta, body }
}
