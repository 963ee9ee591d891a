//! An original, from the cache or from the origin: one fetch for all who want it, and news asked for when it is stale.

use std::{rc::Rc, sync::Arc, time::Instant};

use bytes::Bytes;
use http_semantics::CachePolicy;
use origin::{ErrorKind, Fetched, ObjectRef, Unchanged, Validators};
use result_cache::{CacheEntry, EntryMeta, Freshness, Generation, Key, Lifetimes, clock};
use tokio::task::yield_now;
use vips_ops::source::{
    sniff::sniff,
    svg::decode_text::{Progress, TextDecoder, TooLarge},
};

use crate::{
    cache_key::CacheKeys,
    coalescing::distributed::{Claim, claim, publish},
    coalescing::local,
    error::Error,
    file_versions,
    state::{Shared, Worker},
    uploads,
};

/// Status of an entry with bytes in it, and of one that remembers that there are none.
const FOUND: u16 = 200;
const ABSENT: u16 = 404;

/// How long the origin took, in milliseconds.
pub const FETCH_TIME: &str = "x-origin-fetch-time";

/// In the entry of an original without validators, or of a file: what tells its version from others.
const DIGEST: &str = "digest";

/// What is hashed at a time: well under 100 µs of work, after which other requests of the worker have their turn.
const PIECE_BYTES: usize = 64 * 1024;

/// An original.
#[derive(Debug, Clone)]
pub struct Original {
    /// Its bytes, its validators, and how long it is fresh.
    pub entry: Arc<CacheEntry>,
    /// What may be done with answers made of it.
    pub storability: Storability,
}

/// What may be done with an original, and with answers made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storability {
    /// They may be kept.
    Storable,
    /// The origin forbids keeping them.
    NotStorable,
    /// They are out of date, and good as long as the origin is broken.
    Stale,
}

impl Original {
    /// What tells this version of the original from others.
    ///
    /// Where its bytes were hashed, they alone: the validators of a file are those of one place on one machine.
    pub fn version(&self) -> Key {
        let CacheEntry { meta, body } = &*self.entry;
        let digest = meta.headers.iter().find(|(name, _)| name == DIGEST);
        let digest = digest.map_or("", |(_, digest)| digest);
        let part = |text: &Option<String>| text.clone().filter(|_| digest.is_empty()).unwrap_or_default();
        Key::from_parts(&[
            part(&meta.etag).as_bytes(),
            part(&meta.last_modified).as_bytes(),
            &body.len().to_le_bytes(),
            digest.as_bytes(),
        ])
    }
}

/// An original, as fresh as the origin wants it to be.
pub async fn obtain(worker: &Rc<Worker>, target: &Rc<ObjectRef>) -> Result<Original, Error> {
    let shared = &worker.shared;
    let identity = worker.origins.identity(target);
    let key = CacheKeys::original(&identity);
    if let Some(known) = fresh(worker, &key).await {
        return known;
    }
    let until = Instant::now() + shared.config.limits.deadline;
    let tag = CacheKeys::purge_tag(&identity);
    let flight = CacheKeys::coalescing(&key, shared.peers.last_purge(&tag));
    let file = worker.origins.file_name(target);
    let name = || Name { key, flight, tag: tag.clone(), file: file.clone() };
    let fetch = || fetch(Rc::clone(worker), Rc::clone(target), name());
    let (original, _) = local::join(&shared.fetching, flight, until, fetch).await?;
    Ok(original)
}

/// The names of an original.
struct Name {
    /// In the cache.
    key: Key,
    /// Among those that are being fetched.
    flight: Key,
    /// In purges.
    tag: String,
    /// In a folder, if it is a file.
    file: Option<String>,
}

impl Name {
    /// The file, in the version that a fetch has brought, or that there was none.
    fn files(&self, worker: &Worker, etag: Option<&str>, began: Instant) -> Vec<(String, String)> {
        self.file.iter().map(|file| file_versions::fetched(worker, file, etag, began)).collect()
    }
}

/// What a fetch was about, and what was known when it began.
struct Asking<'a> {
    worker: &'a Worker,
    name: &'a Name,
    position: Generation,
    began: Instant,
}

/// What the cache knows, if it is fresh.
async fn fresh(worker: &Rc<Worker>, key: &Key) -> Option<Result<Original, Error>> {
    let now = clock::now();
    let entry = worker.shared.originals.get(key, now).await?.entry;
    if entry.state(now) != Freshness::Fresh || !file_versions::are_current(worker, &entry).await {
        return None;
    }
    if entry.meta.status == FOUND {
        return Some(Ok(Original { entry, storability: Storability::Storable }));
    }
    let fresh_for = entry.meta.lifetimes.fresh_for.saturating_sub(entry.age(now));
    Some(Err(Error::Absent { fresh_for }))
}

/// An original that did not come from the origin: good for the request it came with, and not for others.
pub async fn given(worker: &Worker, body: Bytes) -> Result<Original, Error> {
    let limit = worker.shared.config.limits.max_bytes.as_u64();
    let body = plain(body, limit).await.map_err(|_| uploads::UploadError::TooLarge { limit })?;
    let generation = worker.shared.peers.generation();
    let headers = vec![(DIGEST.to_owned(), digest(&body).await)];
    let meta =
        EntryMeta { status: FOUND, headers, stored_at: clock::now(), generation, ..EntryMeta::default() };
    Ok(Original { entry: Arc::new(CacheEntry { meta, body }), storability: Storability::NotStorable })
}

/// Keeps one that did not come from the origin in the place of one that would: until its lifetime ends, the origin is not asked,
/// and what was made of what was there before is found nowhere. Nothing: the cache has no place for it, or its disk
/// is full.
pub async fn keep_given(
    worker: &Worker,
    target: &ObjectRef,
    original: &Original,
    lifetimes: Lifetimes,
) -> Option<Original> {
    let Shared { originals, peers, .. } = &*worker.shared;
    let identity = worker.origins.identity(target);
    let (key, tag) = (CacheKeys::original(&identity), CacheKeys::purge_tag(&identity));
    let mut entry = CacheEntry::clone(&original.entry);
    entry.meta.lifetimes = lifetimes;
    entry.meta.generation = peers.replace(&tag).await;
    entry.meta.tags = vec![tag];
    let entry = Arc::new(entry);
    originals.put_shared(key, Arc::clone(&entry)).await;
    if !originals.verify_stored(&key, &entry).await {
        // nobody is to find here what its sender was told is not kept
        forget(worker, &key).await;
        return None;
    }
    Some(Original { entry, storability: Storability::Storable })
}

/// Fetches it, or finds that another flight, or another node, just did.
async fn fetch(worker: Rc<Worker>, target: Rc<ObjectRef>, name: Name) -> Result<Original, Error> {
    let shared = &worker.shared;
    let position = shared.peers.generation();
    let look = async || fresh(&worker, &name.key).await;
    let lease = match claim(&shared.peers, &shared.originals, name.flight, look).await {
        Claim::Found(known) => return known,
        Claim::Granted(lease) => lease,
    };
    let result = ask(&worker, &target, &name, position).await;
    if matches!(&result, Ok(Original { storability: Storability::Storable, .. }) | Err(Error::Absent { .. }))
    {
        publish(lease, &shared.originals, name.key);
    }
    result
}

/// Asks the origin, with the validators of what is known.
async fn ask(
    worker: &Rc<Worker>,
    target: &ObjectRef,
    name: &Name,
    position: Generation,
) -> Result<Original, Error> {
    let key = name.key;
    let known = worker.shared.originals.get(&key, clock::now()).await.map(|hit| hit.entry);
    if let Some(entry) = known.as_ref().filter(|known| is_good_enough(known))
        && worker.shared.origin_backoff.is_active(&key)
    {
        return Ok(Original { entry: Arc::clone(entry), storability: Storability::Stale });
    }
    let validators = known.as_ref().map(|known| Validators {
        etag: known.meta.etag.clone(),
        last_modified: known.meta.last_modified.clone(),
    });
    let began = Instant::now();
    let asking = Asking { worker, name, position, began };
    let limit = worker.shared.config.limits.max_bytes.as_u64();
    let fetched = worker.origins.fetch(target, validators.as_ref()).await;
    worker.shared.counters.fetched(outcome(&fetched), began.elapsed());
    // an upload that came meanwhile goes before what the origin has
    if let Some(Ok(uploaded)) = fresh(worker, &key).await {
        return Ok(uploaded);
    }
    match (fetched, known) {
        (Ok(Fetched::Modified(found)), known) => match unpacked(found, limit).await {
            Ok(found) => Ok(asking.keep_found(found).await),
            Err(error) => asking.refused(error, known).await,
        },
        (Ok(Fetched::NotModified(same)), Some(known)) => Ok(asking.keep_same(same, &known).await),
        (Ok(Fetched::NotModified(_)), None) => Err(Error::Broken),
        (Err(error), known) => asking.refused(error, known).await,
    }
}

/// What was fetched, as all that follows reads it, unless it is neither what its origin says of it nor a picture.
async fn unpacked(found: origin::Original, limit: u64) -> Result<origin::Original, origin::Error> {
    let Ok(body) = plain(found.body.clone(), limit).await else {
        let original = "what the compressed drawing unpacks to".to_owned();
        return Err(origin::Error::TooLarge { original, limit });
    };
    match found.coding_warning {
        Some(reason) if sniff(&body).is_none() => {
            Err(origin::Error::Broken { host: "the origin".to_owned(), reason })
        }
        _ => Ok(origin::Original { body, ..found }),
    }
}

/// How metrics call what came of a fetch.
fn outcome(fetched: &Result<Fetched, origin::Error>) -> &'static str {
    match fetched {
        Ok(Fetched::Modified(_)) => "found",
        Ok(Fetched::NotModified(_)) => "not_modified",
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::Gone => "not_found",
            ErrorKind::Forbidden => "forbidden",
            ErrorKind::TooLarge => "too_large",
            ErrorKind::Timeout => "timeout",
            ErrorKind::RefusedAddress => "refused",
            ErrorKind::Busy => "busy",
            ErrorKind::CircuitOpen => "circuit_open",
            _ => "failed",
        },
    }
}

/// Whether it may be used, although it is out of date, as long as the origin is broken.
fn is_good_enough(known: &CacheEntry) -> bool {
    known.meta.status == FOUND && known.state(clock::now()).excuses_errors()
}

impl Asking<'_> {
    async fn keep_found(&self, found: origin::Original) -> Original {
        let Self { worker, name, position, .. } = *self;
        let origin::Original { body, validators, cache_policy, elapsed, .. } = found;
        let mut headers = vec![(FETCH_TIME.to_owned(), format!("{:.1}", elapsed.as_secs_f64() * 1e3))];
        if validators.is_empty() || name.file.is_some() {
            headers.push((DIGEST.to_owned(), digest(&body).await));
        }
        let tags = vec![name.tag.clone()];
        let meta = EntryMeta { status: FOUND, headers, tags, generation: position, ..EntryMeta::default() };
        let lifetimes = Lifetimes::for_response(&cache_policy, &worker.shared.config.cache.limits());
        self.keep(CacheEntry { meta, body }, validators, lifetimes).await
    }

    /// What the answer leaves out stays as it was (RFC 9111, 3.2).
    async fn keep_same(&self, same: Unchanged, known: &CacheEntry) -> Original {
        let Unchanged { validators, cache_policy, .. } = same;
        let lifetimes = if cache_policy.is_stated || cache_policy.no_store {
            Lifetimes::for_response(&cache_policy, &self.worker.shared.config.cache.limits())
        } else {
            Some(known.meta.lifetimes.renewed(cache_policy.age))
        };
        self.keep(known.clone(), validators, lifetimes).await
    }

    async fn keep(
        &self,
        mut entry: CacheEntry,
        validators: Validators,
        lifetimes: Option<Lifetimes>,
    ) -> Original {
        let Self { worker, name, began, .. } = *self;
        worker.shared.origin_backoff.clear(&name.key);
        entry.meta.files = name.files(worker, validators.etag.as_deref(), began);
        entry.meta.etag = validators.etag;
        entry.meta.last_modified = validators.last_modified;
        entry.meta.stored_at = clock::now();
        entry.meta.lifetimes = lifetimes.unwrap_or_default();
        let entry = Arc::new(entry);
        if lifetimes.is_none() {
            forget(worker, &name.key).await;
            return Original { entry, storability: Storability::NotStorable };
        }
        worker.shared.originals.put(name.key, Arc::clone(&entry)).await;
        Original { entry, storability: Storability::Storable }
    }

    /// What is left when the origin gave nothing.
    async fn refused(&self, error: origin::Error, known: Option<Arc<CacheEntry>>) -> Result<Original, Error> {
        let Self { worker, name, .. } = *self;
        if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Gone) {
            return Err(self.remember_absence().await);
        }
        let error = Error::from(error);
        if !error.excuses_stale() {
            forget(worker, &name.key).await;
            return Err(error);
        }
        // a file that is being written is whole the next moment
        if name.file.is_none() {
            worker.shared.origin_backoff.start(name.key);
        }
        let entry = known.filter(|known| is_good_enough(known)).ok_or_else(|| error.clone())?;
        tracing::warn!(error = %error, "an original that is out of date is used");
        Ok(Original { entry, storability: Storability::Stale })
    }

    async fn remember_absence(&self) -> Error {
        let Self { worker, name, position, began } = *self;
        let limits = worker.shared.config.cache.limits();
        let Some(lifetimes) = Lifetimes::for_absence(&CachePolicy::default(), &limits) else {
            forget(worker, &name.key).await;
            return Error::Absent { fresh_for: std::time::Duration::ZERO };
        };
        let meta = EntryMeta {
            status: ABSENT,
            stored_at: clock::now(),
            lifetimes,
            tags: vec![name.tag.clone()],
            generation: position,
            files: name.files(worker, None, began),
            ..EntryMeta::default()
        };
        worker.shared.originals.put(name.key, Arc::new(CacheEntry { meta, body: Bytes::new() })).await;
        Error::Absent { fresh_for: lifetimes.fresh_for }
    }
}

async fn forget(worker: &Worker, key: &Key) {
    if let Err(error) = worker.shared.originals.remove(key).await {
        tracing::warn!(%error, "cannot forget an original");
    }
}

/// The bytes as all that follows reads them: a drawing is unpacked, in pieces, so that it does not hold up the worker.
async fn plain(body: Bytes, limit: u64) -> Result<Bytes, TooLarge> {
    let Some(mut decoder) = TextDecoder::new(&body, limit) else { return Ok(body) };
    loop {
        if let Progress::Done(text) = decoder.step()? {
            return Ok(text);
        }
        yield_now().await;
    }
}

/// Hashes in pieces, so that a large original does not hold up the worker.
async fn digest(body: &Bytes) -> String {
    let mut hasher = blake3::Hasher::new();
    for piece in body.chunks(PIECE_BYTES) {
        hasher.update(piece);
        yield_now().await;
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(etag: &str, last_modified: &str, digest: &str, body: &'static [u8]) -> Key {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let headers = some(digest).map(|digest| (DIGEST.to_owned(), digest)).into_iter().collect();
        let meta = EntryMeta {
            etag: some(etag),
            last_modified: some(last_modified),
            headers,
            ..EntryMeta::default()
        };
        let entry = Arc::new(CacheEntry { meta, body: Bytes::from_static(body) });
        Original { entry, storability: Storability::Storable }.version()
    }

    #[test]
    fn versions_differ_by_whatever_tells_them_apart() {
        let versions = [
            version("\"1\"", "", "", b"a"),
            version("\"2\"", "", "", b"a"),
            version("", "monday", "", b"a"),
            version("", "monday", "", b"ab"),
            version("", "", "1", b"a"),
            version("", "", "2", b"a"),
        ];
        for (index, one) in versions.iter().enumerate() {
            assert!(!versions[index + 1..].contains(one), "{index}");
        }
        assert_eq!(versions[0], version("\"1\"", "", "", b"a"));
    }

    #[actix_web::test]
    async fn pieces_hash_as_the_whole() {
        let body = Bytes::from(vec![7; 3 * PIECE_BYTES + 1]);
        assert_eq!(digest(&body).await, blake3::hash(&body).to_hex().as_str());
    }
}
