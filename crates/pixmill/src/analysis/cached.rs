//! What is known of an original by looking: kept with the answers, found out once for all who want to know.

use std::{
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use result_cache::{CacheEntry, EntryMeta, Freshness, Key, clock};
use vips_ops::Params;

use crate::{
    analysis::analyzer::{AnalysisKind, AnalysisResult, questions},
    cache_key::CacheKeys,
    coalescing::local,
    error::{Error, RETRY_SOON},
    originals::{Original, Storability},
    render::{Class, Job, Operation, Output},
    state::Worker,
};

/// What has to be known before this request can be answered.
pub fn needed(params: &Params) -> Vec<AnalysisKind> {
    match params.recognition {
        Some(wanted) => questions(wanted),
        None if params.needs_faces() => vec![AnalysisKind::Faces],
        None => Vec::new(),
    }
}

/// The original that is asked about, and when the answer must be there.
pub struct Subject<'a> {
    /// The origin's name for the original.
    pub identity: &'a str,
    /// The original.
    pub original: &'a Original,
    /// When the answer must be there.
    pub until: Instant,
}

/// The facts that answer the questions, from the cache or by looking.
pub async fn gather(
    worker: &Rc<Worker>,
    needed: &[AnalysisKind],
    subject: &Subject<'_>,
) -> Result<Vec<AnalysisResult>, Error> {
    let mut facts = Vec::with_capacity(needed.len());
    for question in needed {
        facts.push(know(worker, *question, subject).await?);
    }
    Ok(facts)
}

async fn know(
    worker: &Rc<Worker>,
    question: AnalysisKind,
    subject: &Subject<'_>,
) -> Result<AnalysisResult, Error> {
    let Subject { identity, original, until } = *subject;
    let shared = &worker.shared;
    let key = shared.keys.analysis(question, identity, &original.version());
    if let Some(fact) = known(worker, &key).await {
        return Ok(fact);
    }
    let asked = Asked { question, key, identity: identity.to_owned(), original: original.clone(), until };
    let look = || look(Rc::clone(worker), asked.clone());
    Ok(local::join(&shared.looking, key, until, look).await?.0)
}

async fn known(worker: &Worker, key: &Key) -> Option<AnalysisResult> {
    let now = clock::now();
    let entry = worker.shared.results.get(key, now).await?.entry;
    if entry.state(now) != Freshness::Fresh {
        return None;
    }
    serde_json::from_slice(&entry.body).ok()
}

/// A question about an original, which outlives the request that asked it.
#[derive(Clone)]
struct Asked {
    question: AnalysisKind,
    /// The key of the answer.
    key: Key,
    identity: String,
    original: Original,
    until: Instant,
}

/// FileVersions, on the pool; no more at a time than may wait, so that there is room for renders.
async fn look(worker: Rc<Worker>, asked: Asked) -> Result<AnalysisResult, Error> {
    let Asked { question, key, identity, original, until } = asked;
    let shared = &worker.shared;
    let counted = shared.counters.inferences(question);
    let _place = shared.looks.try_acquire().map_err(|_| {
        counted.refusals.fetch_add(1, Relaxed);
        Error::Overloaded { retry_after: RETRY_SOON }
    })?;
    let began = Instant::now();
    let job = Job { original: original.entry.body.clone(), operation: Operation::Analyze(question) };
    let strikes = CacheKeys::quarantine(&identity, &original.version());
    let done = shared.renderer.run(job, shared.order(Class::Vision, until, &identity, strikes)).await?;
    counted.seconds.observe(began.elapsed().saturating_sub(done.waited));
    let Output::Analysis(fact) = done.value else { return Err(Error::Broken) };
    if original.storability == Storability::Storable {
        shared.results.put(key, Arc::new(entry(&fact, &identity, &original))).await;
    }
    Ok(fact)
}

/// As fresh as the original is, and purged with it.
fn entry(fact: &AnalysisResult, identity: &str, original: &Original) -> CacheEntry {
    let source = &original.entry.meta;
    let body = serde_json::to_vec(fact).expect("invariant: facts are texts and numbers").into();
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
