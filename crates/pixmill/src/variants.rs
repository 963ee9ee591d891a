//! Making an answer: the original as it is, or rendered, or the answer of old if nothing has changed.

use std::{rc::Rc, sync::Arc, time::Instant};

use bytes::Bytes;
use futures_util::future::try_join;
use result_cache::{CacheEntry, EntryMeta, Freshness, Generation, clock};
use vips_ops::{
    overlay::links,
    source::{SourceFormat, sniff::sniff},
};

use crate::{
    analysis::analyzer::AnalysisResult,
    analysis::cached,
    cache_key::{CacheKeys, etag},
    coalescing::distributed::{Claim, claim, publish},
    coalescing::local::Role,
    error::Error,
    file_versions,
    originals::{self, FETCH_TIME, Original, Storability},
    overlays::{self, Overlays},
    render::{self, Done, Operation, Output, Phases, Render, Rendered},
    server_timing::ServerTiming,
    service::{BuiltVariant, VariantJob},
    state::Worker,
};

/// A drawing that goes out as it is can hold scripts: nothing may run, nothing may be loaded.
const DISARMED: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Bytes, with what is to be said of them beside what follows from the original.
struct Body {
    bytes: Bytes,
    content_type: &'static str,
    headers: Vec<(String, String)>,
    timing: ServerTiming,
    lacks_overlays: bool,
}

/// Makes the answer and keeps it.
pub async fn make(worker: Rc<Worker>, job: Rc<VariantJob>) -> Result<BuiltVariant, Error> {
    let shared = &worker.shared;
    let position = shared.peers.generation();
    // the flight before, or another node, may just be done
    let look = async || fresh(&worker, &job).await;
    let lease = match claim(&shared.peers, &shared.results, job.flight, look).await {
        Claim::Found(entry) => {
            let timing = ServerTiming::default();
            return Ok(BuiltVariant {
                entry,
                storability: Storability::Storable,
                timing,
                part: Role::Follower,
            });
        }
        Claim::Granted(lease) => lease,
    };
    let result = attempt(&worker, &job, position).await;
    if let Ok(made) = &result {
        shared.counters.phases.observe(&made.timing);
    }
    match &result {
        Ok(made) if made.storability != Storability::NotStorable && !job.knows(&made.entry) => {
            shared.results.put(job.key, Arc::clone(&made.entry)).await;
            publish(lease, &shared.results, job.key);
        }
        // what may no longer be stored must not be used any more either
        Ok(made) if made.storability == Storability::NotStorable && job.stale.is_some() => {
            forget(&worker, &job).await
        }
        Err(error) if job.stale.is_some() && !error.excuses_stale() => forget(&worker, &job).await,
        _ => {}
    }
    result
}

/// Makes the answer, whatever the cache knows, and does not keep it. `position` is what was known of purges before anything
/// was looked up for it.
pub async fn attempt(
    worker: &Rc<Worker>,
    job: &VariantJob,
    position: Generation,
) -> Result<BuiltVariant, Error> {
    let shared = &worker.shared;
    let negative_ttl = shared.config.cache.negative_ttl;
    let as_it_is = job.request.params.is_empty();
    if !as_it_is && let Some(error) = shared.renderer.pool().would_refuse(job.request.class) {
        return Err(error); // before the origin is troubled
    }
    let links = links(&job.request.params, &worker.shared.settings.limits)?;
    overlays::check(worker, &job.request.target, &links)?;
    let began = Instant::now();
    let target = &job.request.target;
    let (original, overlays) =
        try_join(job.original(worker), overlays::obtain(worker, target, &links, job.request.class)).await?;
    let fetch = Some(began.elapsed());
    let etag = etag(&job.key, &overlays.version(&original));
    // what has not been purged by now has not been purged by when the making began: the answer is no older than that
    let peers = &shared.peers;
    let is_allowed = peers.allows(&original.entry.meta) && overlays.are_allowed(peers);
    let mut original = overlays.limit(original, negative_ttl);
    let generation = if is_allowed { position } else { Generation::ZERO };
    Arc::make_mut(&mut original.entry).meta.generation = generation;
    if let Some(entry) = job.renewed(&etag, &original).filter(|entry| peers.allows(&entry.meta)) {
        let timing = ServerTiming { fetch, ..ServerTiming::default() };
        return Ok(BuiltVariant { entry, storability: original.storability, timing, part: Role::Leader });
    }
    let passed = if as_it_is { passed_on(worker, &original)? } else { None };
    let body = match passed {
        Some(body) => body,
        None => rendered(worker, job, &original, overlays).await?,
    };
    let original = if body.lacks_overlays { overlays::briefly(&original, negative_ttl) } else { original };
    let timing = ServerTiming { fetch, ..body.timing };
    let entry = Arc::new(entry(body, etag, &original));
    Ok(BuiltVariant { entry, storability: original.storability, timing, part: Role::Leader })
}

/// The original as it is; nothing if it has to be drawn first.
fn passed_on(worker: &Worker, original: &Original) -> Result<Option<Body>, Error> {
    let bytes = original.entry.body.clone();
    let format = sniff(&bytes).ok_or_else(|| vips_ops::Error::unsupported(&bytes))?;
    let headers = match format {
        SourceFormat::Svg if !worker.shared.settings.output.svg_passthrough => return Ok(None),
        SourceFormat::Svg => vec![("content-security-policy".to_owned(), DISARMED.to_owned())],
        _ => Vec::new(),
    };
    let timing = ServerTiming::default();
    Ok(Some(Body { bytes, content_type: format.media_type(), headers, timing, lacks_overlays: false }))
}

#[expect(clippy::too_many_lines, reason = "to be split")]
async fn rendered(
    worker: &Rc<Worker>,
    job: &VariantJob,
    original: &Original,
    overlays: Overlays,
) -> Result<Body, Error> {
    let began = Instant::now();
    let strikes = CacheKeys::quarantine(&job.identity, &original.version());
    worker.shared.quarantine.check(&strikes, &worker.shared.results).await?;
    let needed = cached::needed(&job.request.params);
    let subject = cached::Subject { identity: &job.identity, original, until: job.until };
    let facts = cached::gather(worker, &needed, &subject).await?;
    let see = (!needed.is_empty()).then(|| began.elapsed());
    if let Some(wanted) = job.request.params.recognition {
        let bytes = worker.shared.renderer.analyzer().recognition(wanted, &facts).to_string().into();
        let timing = ServerTiming { see, ..ServerTiming::default() };
        let (content_type, headers) = ("application/json", Vec::new());
        return Ok(Body { bytes, content_type, headers, timing, lacks_overlays: false });
    }
    let mut assets = overlays.assets;
    assets.faces = facts.iter().flat_map(AnalysisResult::for_plan).collect();
    let render = Render { params: job.request.params.clone(), assets, accept: job.request.accept };
    let operation = Operation::Render(Box::new(render));
    let render = render::Job { original: original.entry.body.clone(), operation };
    let order = worker.shared.order(job.request.class, job.until, &job.identity, strikes);
    let Done { value, waited: queue } = worker.shared.renderer.run(render, order).await?;
    let Output::Rendered(Rendered { answer, phases }) = value else { return Err(Error::Broken) };
    let Phases { decode, process, encode } = phases;
    if let Some(source) = sniff(&original.entry.body) {
        worker.shared.counters.renders.add(source, answer.media, answer.bytes.len());
    }
    let resolution = format!("{}x{}", answer.original.width, answer.original.height);
    let mut headers = vec![("x-original-resolution".to_owned(), resolution)];
    headers.extend(answer.quality.map(|quality| ("x-pixmill-quality".to_owned(), quality.to_string())));
    Ok(Body {
        bytes: answer.bytes,
        content_type: answer.media.media_type(),
        lacks_overlays: answer.lacks_overlays,
        headers,
        timing: ServerTiming {
            see,
            queue: Some(queue),
            decode: Some(decode),
            process: Some(process),
            encode: Some(encode),
            ..ServerTiming::default()
        },
    })
}

async fn fresh(worker: &Rc<Worker>, job: &VariantJob) -> Option<Arc<CacheEntry>> {
    let now = clock::now();
    let entry = worker.shared.results.get(&job.key, now).await?.entry;
    let is_fresh = entry.state(now) == Freshness::Fresh && file_versions::are_current(worker, &entry).await;
    is_fresh.then_some(entry)
}

async fn forget(worker: &Worker, job: &VariantJob) {
    if let Err(error) = worker.shared.results.remove(&job.key).await {
        tracing::warn!(%error, "cannot forget an answer");
    }
}

impl VariantJob {
    /// The original, from the cache or its origin unless it came with the request.
    async fn original(&self, worker: &Rc<Worker>) -> Result<Original, Error> {
        match &self.given {
            Some(original) => Ok(original.clone()),
            None => originals::obtain(worker, &self.request.target).await,
        }
    }

    /// The answer of old, with a new lifetime if it got one, if it was made of this very version of the original.
    fn renewed(&self, etag: &str, original: &Original) -> Option<Arc<CacheEntry>> {
        let stale = self.stale.as_ref().filter(|stale| stale.meta.etag.as_deref() == Some(etag))?;
        if original.storability == Storability::Stale {
            return Some(Arc::clone(stale));
        }
        let mut entry = CacheEntry::clone(stale);
        entry.meta.stored_at = original.entry.meta.stored_at;
        entry.meta.lifetimes = original.entry.meta.lifetimes;
        entry.meta.last_modified.clone_from(&original.entry.meta.last_modified);
        entry.meta.files.clone_from(&original.entry.meta.files);
        Some(Arc::new(entry))
    }

    /// Whether this is the answer of old itself.
    fn knows(&self, entry: &Arc<CacheEntry>) -> bool {
        self.stale.as_ref().is_some_and(|stale| Arc::ptr_eq(stale, entry))
    }
}

/// The answer: its bytes, and what its original says of them.
fn entry(body: Body, etag: String, original: &Original) -> CacheEntry {
    let CacheEntry { meta: source, body: original } = &*original.entry;
    let mut headers = body.headers;
    headers.push(("x-original-filesize".to_owned(), original.len().to_string()));
    headers.extend(source.headers.iter().filter(|(name, _)| name == FETCH_TIME).cloned());
    let meta = EntryMeta {
        status: source.status,
        content_type: body.content_type.to_owned(),
        etag: Some(etag),
        last_modified: source.last_modified.clone(),
        stored_at: source.stored_at,
        lifetimes: source.lifetimes,
        tags: source.tags.clone(),
        generation: source.generation,
        headers,
        files: source.files.clone(),
    };
    CacheEntry { meta, body: body.bytes }
}
