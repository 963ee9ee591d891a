//! A fetch of an original, after a cache miss: requests it with the validators of the stale entry, and stores the response.

use std::{rc::Rc, sync::Arc, time::Duration, time::Instant};

use bytes::Bytes;
use http_semantics::CachePolicy;
use origin::{ErrorKind, Fetched, ObjectRef, Unchanged, Validators};
use result_cache::{CacheEntry, EntryMeta, Generation, Key, Lifetimes, clock};

use super::{
    ABSENT, FOUND, Originals,
    body::{checked, digest},
};
use crate::{
    coalescing::{Work, distributed::Publication},
    error::Error,
    model::original::{DIGEST, FETCH_TIME, Original, Storability},
};

/// A fetch, shared by all requests for the original.
pub struct Fetch {
    pub originals: Rc<Originals>,
    pub target: Rc<ObjectRef>,
    /// The key in the cache.
    pub key: Key,
    /// The purge tag.
    pub tag: String,
    /// The name of the file, if the original is one in a folder.
    pub file: Option<String>,
}

/// The state of the node when the fetch started, which the entry carries.
struct Started {
    /// The purges that were known.
    generation: Generation,
    at: Instant,
}

impl Work for Fetch {
    type Output = Original;

    async fn cached(&self) -> Option<Result<Original, Error>> {
        self.originals.cached(&self.key).await
    }

    async fn build(&self, publication: Publication) -> Result<Original, Error> {
        let result = self.run().await;
        if matches!(
            &result,
            Ok(Original { storability: Storability::Storable, .. }) | Err(Error::Absent { .. })
        ) {
            publication.publish(self.key);
        }
        result
    }
}

impl Fetch {
    async fn run(&self) -> Result<Original, Error> {
        let Originals { origin, store, backoff, policy, .. } = &*self.originals;
        let generation = store.coordinator.generation();
        let known = store.cache.get(&self.key, clock::now()).await.map(|hit| hit.entry);
        if let Some(entry) = known.as_ref().filter(|known| is_usable_on_error(known))
            && backoff.is_active(&self.key)
        {
            return Ok(Original { entry: Arc::clone(entry), storability: Storability::Stale });
        }
        let validators = known.as_ref().map(|known| Validators {
            etag: known.meta.etag.clone(),
            last_modified: known.meta.last_modified.clone(),
        });
        let started = Started { generation, at: Instant::now() };
        let fetched = origin.client.fetch(&self.target, validators.as_ref()).await;
        // an upload that was stored meanwhile replaces what the origin has
        if let Some(Ok(uploaded)) = self.originals.cached(&self.key).await {
            return Ok(uploaded);
        }
        match (fetched, known) {
            (Ok(Fetched::Modified(found)), known) => match checked(found, policy.max_bytes).await {
                Ok(found) => Ok(self.store_found(found, &started).await),
                Err(error) => self.fall_back(error, known, &started).await,
            },
            (Ok(Fetched::NotModified(same)), Some(known)) => Ok(self.renew(same, &known, &started).await),
            (Ok(Fetched::NotModified(_)), None) => Err(Error::Broken),
            (Err(error), known) => self.fall_back(error, known, &started).await,
        }
    }

    async fn store_found(&self, found: origin::Original, started: &Started) -> Original {
        let origin::Original { body, validators, cache_policy, elapsed, .. } = found;
        let mut headers = vec![(FETCH_TIME.to_owned(), format!("{:.1}", elapsed.as_secs_f64() * 1e3))];
        if validators.is_empty() || self.file.is_some() {
            headers.push((DIGEST.to_owned(), digest(&body).await));
        }
        let tags = vec![self.tag.clone()];
        let generation = started.generation;
        let meta = EntryMeta { status: FOUND, headers, tags, generation, ..EntryMeta::default() };
        let lifetimes = Lifetimes::for_response(&cache_policy, &self.originals.policy.lifetimes);
        self.store(CacheEntry { meta, body }, validators, lifetimes, started).await
    }

    /// Renews the lifetimes of an entry that is still current. Fields that the origin omits are kept (RFC 9111, 3.2).
    async fn renew(&self, same: Unchanged, known: &CacheEntry, started: &Started) -> Original {
        let Unchanged { validators, cache_policy, .. } = same;
        let lifetimes = if cache_policy.is_stated || cache_policy.no_store {
            Lifetimes::for_response(&cache_policy, &self.originals.policy.lifetimes)
        } else {
            Some(known.meta.lifetimes.renewed(cache_policy.age))
        };
        self.store(known.clone(), validators, lifetimes, started).await
    }

    /// Stores an entry, or removes it from the cache if it has no lifetimes: then the origin forbids storing it.
    async fn store(
        &self,
        mut entry: CacheEntry,
        validators: Validators,
        lifetimes: Option<Lifetimes>,
        started: &Started,
    ) -> Original {
        let Originals { store, backoff, .. } = &*self.originals;
        backoff.clear(&self.key);
        entry.meta.files = self.files(validators.etag.as_deref(), started);
        entry.meta.etag = validators.etag;
        entry.meta.last_modified = validators.last_modified;
        entry.meta.stored_at = clock::now();
        entry.meta.lifetimes = lifetimes.unwrap_or_default();
        let entry = Arc::new(entry);
        if lifetimes.is_none() {
            self.originals.forget(&self.key).await;
            return Original { entry, storability: Storability::NotStorable };
        }
        store.cache.put(self.key, Arc::clone(&entry)).await;
        Original { entry, storability: Storability::Storable }
    }

    /// The outcome of a failed fetch: an absence, the stale entry, or the error.
    async fn fall_back(
        &self,
        error: origin::Error,
        known: Option<Arc<CacheEntry>>,
        started: &Started,
    ) -> Result<Original, Error> {
        if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Gone) {
            return Err(self.store_absence(started).await);
        }
        let error = Error::from(error);
        if !error.excuses_stale() {
            self.originals.forget(&self.key).await;
            return Err(error);
        }
        // a file that is being written is complete soon
        if self.file.is_none() {
            self.originals.backoff.start(self.key);
        }
        let entry = known.filter(|known| is_usable_on_error(known)).ok_or_else(|| error.clone())?;
        tracing::warn!(%error, "using a stale original after an origin error");
        Ok(Original { entry, storability: Storability::Stale })
    }

    async fn store_absence(&self, started: &Started) -> Error {
        let Originals { store, policy, .. } = &*self.originals;
        let Some(lifetimes) = Lifetimes::for_absence(&CachePolicy::default(), &policy.lifetimes) else {
            self.originals.forget(&self.key).await;
            return Error::Absent { fresh_for: Duration::ZERO };
        };
        let meta = EntryMeta {
            status: ABSENT,
            stored_at: clock::now(),
            lifetimes,
            tags: vec![self.tag.clone()],
            generation: started.generation,
            files: self.files(None, started),
            ..EntryMeta::default()
        };
        store.cache.put(self.key, Arc::new(CacheEntry { meta, body: Bytes::new() })).await;
        Error::Absent { fresh_for: lifetimes.fresh_for }
    }

    /// The file in the version that the fetch brought; without an entity tag, that there was none.
    fn files(&self, etag: Option<&str>, started: &Started) -> Vec<(String, String)> {
        let files = &self.originals.origin.files;
        self.file.iter().map(|file| files.fetched(file, etag, started.at)).collect()
    }
}

/// Whether a stale entry may be used while the origin fails.
fn is_usable_on_error(known: &CacheEntry) -> bool {
    known.meta.status == FOUND && known.state(clock::now()).excuses_errors()
}
