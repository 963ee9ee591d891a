//! What is known of an original by looking: kept with the answers, found out once for all who want to know.

use std::{
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use result_cache::{Envelope, Freshness, Key, Meta, clock};
use vips_ops::{Params, vips::Deadline};

use crate::{
    failure::{Failure, RETRY_SOON},
    flight,
    keys::Keys,
    original::{Original, Standing},
    render::{Class, Cost, EndOnDrop, Task},
    sight::{Fact, Question, questions},
    state::Worker,
};

/// A crude prediction of a look, until there is a model: decoding and one pass of a network. The pool corrects the time.
const COST: Cost = Cost { cpu: Duration::from_millis(200), bytes: 128 << 20 };

/// What has to be known before this request can be answered.
pub fn needed(params: &Params) -> Vec<Question> {
    match params.recognition {
        Some(wanted) => questions(wanted),
        None if params.needs_faces() => vec![Question::Faces],
        None => Vec::new(),
    }
}

/// The facts that answer the questions, from the cache or by looking.
pub async fn gather(
    worker: &Rc<Worker>,
    needed: &[Question],
    identity: &str,
    original: &Original,
) -> Result<Vec<Fact>, Failure> {
    let mut facts = Vec::with_capacity(needed.len());
    for question in needed {
        facts.push(know(worker, *question, identity, original).await?);
    }
    Ok(facts)
}

async fn know(
    worker: &Rc<Worker>,
    question: Question,
    identity: &str,
    original: &Original,
) -> Result<Fact, Failure> {
    let shared = &worker.shared;
    let key = shared.keys.fact(question, identity, &original.version());
    if let Some(fact) = known(worker, &key).await {
        return Ok(fact);
    }
    let until = Instant::now() + shared.config.limits.deadline;
    let identity = identity.to_owned();
    let look = || look(Rc::clone(worker), question, key, identity.clone(), original.clone(), until);
    Ok(flight::join(&shared.looking, key, until, look).await?.0)
}

async fn known(worker: &Worker, key: &Key) -> Option<Fact> {
    let now = clock::now();
    let envelope = worker.shared.results.get(key, now).await?.envelope;
    if envelope.state(now) != Freshness::Fresh {
        return None;
    }
    serde_json::from_slice(&envelope.body).ok()
}

/// Looks, on the pool; no more at a time than may wait, so that there is room for renders.
async fn look(
    worker: Rc<Worker>,
    question: Question,
    key: Key,
    identity: String,
    original: Original,
    until: Instant,
) -> Result<Fact, Failure> {
    let shared = &worker.shared;
    let counted = shared.counters.inferences(question);
    let _place = shared.looks.try_acquire().map_err(|_| {
        counted.refusals.fetch_add(1, Relaxed);
        Failure::Overloaded { retry_after: RETRY_SOON }
    })?;
    let watch = EndOnDrop(Deadline::never());
    let deadline = watch.0.clone();
    let (all, bytes) = (Arc::clone(shared), original.envelope.body.clone());
    let work = move || {
        let began = Instant::now();
        let seen = all.sight.look(question, &bytes, &all.settings, &deadline);
        all.counters.inferences(question).seconds.observe(began.elapsed());
        seen
    };
    let task = Task { class: Class::Vision, cost: COST, deadline: until };
    let fact = shared.pool.try_run(task, work).await?.value;
    if original.standing == Standing::Kept {
        shared.results.put(key, Arc::new(envelope(&fact, &identity, &original))).await;
    }
    Ok(fact)
}

/// As fresh as the original is, and purged with it.
fn envelope(fact: &Fact, identity: &str, original: &Original) -> Envelope {
    let source = &original.envelope.meta;
    let body = serde_json::to_vec(fact).expect("invariant: facts are texts and numbers").into();
    let meta = Meta {
        status: source.status,
        content_type: "application/json".to_owned(),
        stored_at: source.stored_at,
        lifetimes: source.lifetimes,
        tags: vec![Keys::tag(identity)],
        generation: source.generation,
        ..Meta::default()
    };
    Envelope { meta, body }
}
