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
    coalescing::local::{self, Role},
    error::Error,
    file_versions,
    originals::{Original, Storability},
    render::Class,
    server_timing::ServerTiming,
    state::Worker,
    variants,
};

/// How often an answer is not taken because it was purged while it was made: more than once takes purges in a row.
const MOST_REMADE: usize = 2;

/// A request for a picture.
#[derive(Debug, Clone)]
pub struct VariantRequest {
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
pub struct ServedVariant {
    /// Bytes, and what to say of them.
    pub entry: Arc<CacheEntry>,
    /// Where it came from.
    pub cache_status: CacheStatus,
    /// Whether the origin forbids keeping it.
    pub storability: Storability,
    /// Where the time went.
    pub timing: ServerTiming,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheStatus {
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
pub struct BuiltVariant {
    /// The answer.
    pub entry: Arc<CacheEntry>,
    /// What its original allows.
    pub storability: Storability,
    /// Where the time went.
    pub timing: ServerTiming,
    /// Whether this flight made it, or found that another one just had.
    pub part: Role,
}

/// An answer to be made.
pub struct VariantJob {
    /// The request.
    pub request: VariantRequest,
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
#[expect(clippy::too_many_lines, reason = "to be split")]
pub async fn answer(worker: &Rc<Worker>, request: VariantRequest) -> Result<ServedVariant, Error> {
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
        Some(hit) => file_versions::are_current(worker, &hit.entry).await,
        None => true,
    };
    let cache = began.elapsed();
    if let Some(Hit { entry, tier }) = &known
        && is_current
        && entry.state(now) == Freshness::Fresh
    {
        return Ok(ServedVariant::known(entry, CacheStatus::Hit(*tier), cache));
    }
    let outdated = known.map(|hit| hit.entry);
    let stale = outdated.clone().filter(|entry| entry.state(now).excuses_errors());
    if let Some(stale) = &stale
        && shared.origin_backoff.is_active(&CacheKeys::original(&identity))
    {
        return Ok(ServedVariant::known(stale, CacheStatus::Stale, cache));
    }
    let flight = CacheKeys::coalescing(&key, shared.peers.last_purge(&CacheKeys::purge_tag(&identity)));
    let until = began + shared.config.limits.deadline;
    let job = Rc::new(VariantJob { request, key, flight, identity, stale: outdated, given: None, until });
    let made = made(Rc::clone(worker), job, until);
    if let Some(stale) = &stale
        && is_current
        && stale.state(now) == Freshness::StaleWhileRevalidate
    {
        rt::spawn(async {
            if let Err(error) = made.await {
                tracing::warn!(error = %error, "an answer could not be refreshed");
            }
        });
        return Ok(ServedVariant::known(stale, CacheStatus::Stale, cache));
    }
    match (made.await, stale) {
        (Ok((made, part)), _) => Ok(made.answer(part, cache)),
        (Err(error), Some(stale)) if error.excuses_stale() => {
            tracing::warn!(error = %error, "an answer that is out of date is used");
            Ok(ServedVariant::known(&stale, CacheStatus::Stale, cache))
        }
        (Err(error), _) => Err(error),
    }
}

/// Has the answer made, once for all who want it at the same time. One whose overlays were purged before it was asked
/// for here, though after the making began, is made once more.
async fn made(
    worker: Rc<Worker>,
    job: Rc<VariantJob>,
    until: Instant,
) -> Result<(BuiltVariant, Role), Error> {
    let asked = worker.shared.peers.generation();
    let begin = || variants::make(Rc::clone(&worker), Rc::clone(&job));
    for _ in 0..MOST_REMADE {
        let made = local::join(&worker.shared.making, job.flight, until, begin).await?;
        if !outdated(&worker, &made.0.entry, asked) {
            return Ok(made);
        }
    }
    // its making began after it was asked for; it is not kept
    local::join(&worker.shared.making, job.flight, until, begin).await
}

/// Whether something that it was made from was purged after its making began, and that was known at `asked`.
fn outdated(worker: &Worker, entry: &CacheEntry, asked: Generation) -> bool {
    let CacheEntry { meta, .. } = entry;
    let peers = &worker.shared.peers;
    let mut purges = meta.tags.iter().map(|tag| peers.last_purge(tag));
    purges.any(|purged| meta.generation < purged && purged <= asked)
}

impl ServedVariant {
    /// One that the cache had.
    pub fn known(entry: &Arc<CacheEntry>, cache_status: CacheStatus, cache: Duration) -> Self {
        let timing = ServerTiming { cache: Some(cache), ..ServerTiming::default() };
        Self { entry: Arc::clone(entry), cache_status, storability: Storability::Storable, timing }
    }
}

impl BuiltVariant {
    /// What the caller is given who had this part in it.
    pub fn answer(self, part: Role, cache: Duration) -> ServedVariant {
        let cache_status = match (self.part, part) {
            _ if self.storability == Storability::Stale => CacheStatus::Stale,
            (Role::Leader, Role::Leader) => CacheStatus::Miss,
            _ => CacheStatus::Coalesced,
        };
        let timing = ServerTiming { cache: Some(cache), ..self.timing };
        ServedVariant { entry: self.entry, cache_status, storability: self.storability, timing }
    }
}
