//! What is done with a request for a picture, on one page.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::rt;
use origin::ObjectRef;
use result_cache::{CacheEntry, Freshness, Generation, Hit, Key, Tier, clock};
use vips_ops::{Accept, Params};

use crate::{
    cache_key::CacheKeys,
    failure::Failure,
    files,
    flight::{self, Part},
    make,
    original::{Original, Standing},
    render::Class,
    state::Worker,
    timing::Timing,
};

/// How often an answer is not taken because it was purged while it was made: more than once takes purges in a row.
const MOST_REMADE: usize = 2;

/// A request for a picture.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which original.
    pub target: Rc<ObjectRef>,
    /// What is to be made of it.
    pub params: Params,
    /// What the client can show.
    pub accept: Accept,
    /// Whose share of the render threads it uses, if it has to be rendered. Who joins a render that is under way does not
    /// change its class.
    pub class: Class,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Bytes, and what to say of them.
    pub envelope: Arc<CacheEntry>,
    /// Where it came from.
    pub found: Found,
    /// Whether the origin forbids keeping it.
    pub standing: Standing,
    /// Where the time went.
    pub timing: Timing,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// From this tier of the cache.
    Hit(Tier),
    /// It was made for this request.
    Miss,
    /// Another request was having it made.
    Coalesced,
    /// It is out of date, and used because the origin is slow or broken.
    Stale,
}

/// What making an answer gave.
#[derive(Debug, Clone)]
pub struct Made {
    /// The answer.
    pub envelope: Arc<CacheEntry>,
    /// What its original allows.
    pub standing: Standing,
    /// Where the time went.
    pub timing: Timing,
    /// Whether this flight made it, or found that another one just had.
    pub part: Part,
}

/// An answer to be made.
pub struct Job {
    /// The request.
    pub request: Request,
    /// The answer's name in the cache.
    pub key: Key,
    /// The answer's name among those that are being made.
    pub flight: Key,
    /// The origin's name for the original.
    pub identity: String,
    /// The answer that is out of date.
    pub stale: Option<Arc<CacheEntry>>,
    /// The original, if it came with the request.
    pub given: Option<Original>,
    /// When the answer must be ready.
    pub until: Instant,
}

/// Answers: from the cache, or together with all who want the same, or out of date rather than not at all.
pub async fn answer(worker: &Rc<Worker>, request: Request) -> Result<Answer, Failure> {
    let began = Instant::now();
    let shared = &worker.shared;
    let identity = worker.origins.identity(&request.target);
    let key = shared.keys.result(
        &request.params,
        request.accept,
        &worker.origins.identity_with_base(&request.target),
    );
    let now = clock::now();
    let known = shared.results.get(&key, now).await;
    let is_current = match &known {
        Some(hit) => files::are_current(worker, &hit.entry).await,
        None => true,
    };
    let cache = began.elapsed();
    if let Some(Hit { entry: envelope, tier }) = &known
        && is_current
        && envelope.state(now) == Freshness::Fresh
    {
        return Ok(Answer::known(envelope, Found::Hit(*tier), cache));
    }
    let outdated = known.map(|hit| hit.entry);
    let stale = outdated.clone().filter(|envelope| envelope.state(now).excuses_errors());
    if let Some(stale) = &stale
        && shared.pauses.holds(&CacheKeys::original(&identity))
    {
        return Ok(Answer::known(stale, Found::Stale, cache));
    }
    let flight = CacheKeys::coalescing(&key, shared.peers.last_purge(&CacheKeys::purge_tag(&identity)));
    let until = began + shared.config.limits.deadline;
    let job = Rc::new(Job { request, key, flight, identity, stale: outdated, given: None, until });
    let made = made(Rc::clone(worker), job, until);
    if let Some(stale) = &stale
        && is_current
        && stale.state(now) == Freshness::StaleWhileRevalidate
    {
        rt::spawn(async {
            if let Err(failure) = made.await {
                tracing::warn!(error = %failure, "an answer could not be refreshed");
            }
        });
        return Ok(Answer::known(stale, Found::Stale, cache));
    }
    match (made.await, stale) {
        (Ok((made, part)), _) => Ok(made.answer(part, cache)),
        (Err(failure), Some(stale)) if failure.excuses_stale() => {
            tracing::warn!(error = %failure, "an answer that is out of date is used");
            Ok(Answer::known(&stale, Found::Stale, cache))
        }
        (Err(failure), _) => Err(failure),
    }
}

/// Has the answer made, once for all who want it at the same time. One whose overlays were purged before it was asked
/// for here, though after the making began, is made once more.
async fn made(worker: Rc<Worker>, job: Rc<Job>, until: Instant) -> Result<(Made, Part), Failure> {
    let asked = worker.shared.peers.generation();
    let begin = || make::make(Rc::clone(&worker), Rc::clone(&job));
    for _ in 0..MOST_REMADE {
        let made = flight::join(&worker.shared.making, job.flight, until, begin).await?;
        if !outdated(&worker, &made.0.envelope, asked) {
            return Ok(made);
        }
    }
    // its making began after it was asked for; it is not kept
    flight::join(&worker.shared.making, job.flight, until, begin).await
}

/// Whether something that it was made from was purged after its making began, and that was known at `asked`.
fn outdated(worker: &Worker, envelope: &CacheEntry, asked: Generation) -> bool {
    let CacheEntry { meta, .. } = envelope;
    let peers = &worker.shared.peers;
    let mut purges = meta.tags.iter().map(|tag| peers.last_purge(tag));
    purges.any(|purged| meta.generation < purged && purged <= asked)
}

impl Answer {
    /// One that the cache had.
    pub fn known(envelope: &Arc<CacheEntry>, found: Found, cache: Duration) -> Self {
        let timing = Timing { cache: Some(cache), ..Timing::default() };
        Self { envelope: Arc::clone(envelope), found, standing: Standing::Kept, timing }
    }
}

impl Made {
    /// What the caller is given who had this part in it.
    pub fn answer(self, part: Part, cache: Duration) -> Answer {
        let found = match (self.part, part) {
            _ if self.standing == Standing::Outdated => Found::Stale,
            (Part::Began, Part::Began) => Found::Miss,
            _ => Found::Coalesced,
        };
        let timing = Timing { cache: Some(cache), ..self.timing };
        Answer { envelope: self.envelope, found, standing: self.standing, timing }
    }
}
