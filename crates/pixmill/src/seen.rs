//! What is known of an original by looking: kept with the answers, found out once for all who want to know.

use std::{
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use result_cache::{CacheEntry, EntryMeta, Freshness, Key, clock};
use vips_ops::Params;

use crate::{
    cache_key::CacheKeys,
    failure::{Failure, RETRY_SOON},
    flight,
    original::{Original, Standing},
    render::{Class, Job, Operation, Output},
    sight::{Fact, Question, questions},
    state::Worker,
};

/// What has to be known before this request can be answered.
pub fn needed(params: &Params) -> Vec<Question> {
    match params.recognition {
        Some(wanted) => questions(wanted),
        None if params.needs_faces() => vec![Question::Faces],
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
    needed: &[Question],
    subject: &Subject<'_>,
) -> Result<Vec<Fact>, Failure> {
    let mut facts = Vec::with_capacity(needed.len());
    for question in needed {
        facts.push(know(worker, *question, subject).await?);
    }
    Ok(facts)
}

async fn know(worker: &Rc<Worker>, question: Question, subject: &Subject<'_>) -> Result<Fact, Failure> {
    let Subject { identity, original, until } = *subject;
    let shared = &worker.shared;
    let key = shared.keys.analysis(question, identity, &original.version());
    if let Some(fact) = known(worker, &key).await {
        return Ok(fact);
    }
    let asked = Asked { question, key, identity: identity.to_owned(), original: original.clone(), until };
    let look = || look(Rc::clone(worker), asked.clone());
    Ok(flight::join(&shared.looking, key, until, look).await?.0)
}

async fn known(worker: &Worker, key: &Key) -> Option<Fact> {
    let now = clock::now();
    let envelope = worker.shared.results.get(key, now).await?.entry;
    if envelope.state(now) != Freshness::Fresh {
        return None;
    }
    serde_json::from_slice(&envelope.body).ok()
}

/// A question about an original, which outlives the request that asked it.
#[derive(Clone)]
struct Asked {
    question: Question,
    /// The key of the answer.
    key: Key,
    identity: String,
    original: Original,
    until: Instant,
}

/// Looks, on the pool; no more at a time than may wait, so that there is room for renders.
async fn look(worker: Rc<Worker>, asked: Asked) -> Result<Fact, Failure> {
    let Asked { question, key, identity, original, until } = asked;
    let shared = &worker.shared;
    let counted = shared.counters.inferences(question);
    let _place = shared.looks.try_acquire().map_err(|_| {
        counted.refusals.fetch_add(1, Relaxed);
        Failure::Overloaded { retry_after: RETRY_SOON }
    })?;
    let began = Instant::now();
    let job = Job { original: original.envelope.body.clone(), operation: Operation::Analyze(question) };
    let strikes = CacheKeys::quarantine(&identity, &original.version());
    let done = shared.renderer.run(job, shared.order(Class::Vision, until, &identity, strikes)).await?;
    counted.seconds.observe(began.elapsed().saturating_sub(done.waited));
    let Output::Fact(fact) = done.value else { return Err(Failure::Broken) };
    if original.standing == Standing::Kept {
        shared.results.put(key, Arc::new(envelope(&fact, &identity, &original))).await;
    }
    Ok(fact)
}

/// As fresh as the original is, and purged with it.
fn envelope(fact: &Fact, identity: &str, original: &Original) -> CacheEntry {
    let source = &original.envelope.meta;
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
