//! Originals: from the cache, or from their origin with one fetch for all concurrent requests for the same one.

mod body;
mod fetch;
pub mod origin_client;
#[cfg(test)]
mod tests;

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_semantics::Limits;
use origin::{ObjectRef, Origins};
use result_cache::{Cache, CacheEntry, Coordinator, EntryMeta, Freshness, Key, Lifetimes, clock};

use self::{fetch::Fetch, origin_client::OriginClient};
use crate::{
    cache_key::CacheKeys,
    coalescing::{Coalescing, Operations},
    error::Error,
    file_versions::FileVersions,
    model::original::{DIGEST, Original, Storability},
    origin_backoff::OriginBackoff,
    uploads::UploadError,
};

/// Statuses of cached entries: an original, and a remembered absence (negative caching).
const FOUND: u16 = 200;
const ABSENT: u16 = 404;

/// The cache of originals in front of the origins, for one worker.
pub struct Originals {
    origin: Origin,
    store: Store,
    coalescing: Coalescing<Original>,
    backoff: Arc<OriginBackoff>,
    policy: OriginalsPolicy,
}

/// The origins: their names for originals, requests to them, and the versions of their files.
#[derive(Clone)]
pub struct Origin {
    /// The names.
    pub names: Rc<Origins>,
    /// The requests.
    pub client: Rc<dyn OriginClient>,
    /// The versions of files in folders.
    pub files: Rc<FileVersions>,
}

/// The cache of originals.
#[derive(Clone)]
pub struct Store {
    /// The cache.
    pub cache: Cache,
    /// Its purges.
    pub coordinator: Coordinator,
}

/// The settings of originals.
#[derive(Debug, Clone)]
pub struct OriginalsPolicy {
    /// Defaults and bounds of lifetimes.
    pub lifetimes: Limits,
    /// The largest original, in bytes.
    pub max_bytes: u64,
    /// Maximum time that a request waits for a fetch.
    pub deadline: Duration,
}

impl Originals {
    /// The originals of these origins, in this cache.
    pub fn new(
        origin: Origin,
        store: Store,
        operations: &Operations<Original>,
        backoff: Arc<OriginBackoff>,
        policy: OriginalsPolicy,
    ) -> Self {
        let coalescing = Coalescing::new(operations, &store.cache, &store.coordinator);
        Self { origin, store, coalescing, backoff, policy }
    }

    /// The original: from the cache while it is fresh, else from its origin, else stale from the cache.
    ///
    /// Fails with [`Error::Absent`] if the origin has none, as it said now or within the lifetime of that statement.
    pub async fn get(self: &Rc<Self>, target: &Rc<ObjectRef>) -> Result<Original, Error> {
        let identity = self.origin.names.identity(target);
        let key = CacheKeys::original(&identity);
        if let Some(known) = self.cached(&key).await {
            return known;
        }
        let tag = CacheKeys::purge_tag(&identity);
        let coalescing_key = CacheKeys::coalescing(&key, self.store.coordinator.last_purge(&tag));
        let file = self.origin.names.file_name(target);
        let fetch = Rc::new(Fetch { originals: Rc::clone(self), target: Rc::clone(target), key, tag, file });
        let deadline = Instant::now() + self.policy.deadline;
        Ok(self.coalescing.run(coalescing_key, deadline, &fetch).await?.0)
    }

    /// An original that came with a request: for that request alone.
    ///
    /// Fails with [`UploadError::TooLarge`] if it is a compressed SVG that decompresses to more than `limits.max_bytes`.
    pub async fn uploaded(&self, body: Bytes) -> Result<Original, Error> {
        let limit = self.policy.max_bytes;
        let body = body::unpacked(body, limit).await.map_err(|_| UploadError::TooLarge { limit })?;
        let headers = vec![(DIGEST.to_owned(), body::digest(&body).await)];
        let generation = self.store.coordinator.generation();
        let meta =
            EntryMeta { status: FOUND, headers, stored_at: clock::now(), generation, ..EntryMeta::default() };
        Ok(Original { entry: Arc::new(CacheEntry { meta, body }), storability: Storability::NotStorable })
    }

    /// Stores an uploaded original under the name of `target`. Until its lifetime ends the origin is not requested for it, and
    /// variants of what was stored there before are purged. Returns none if the cache cannot hold it.
    pub async fn store_uploaded(
        &self,
        target: &ObjectRef,
        original: &Original,
        lifetimes: Lifetimes,
    ) -> Option<Original> {
        let Store { cache, coordinator } = &self.store;
        let identity = self.origin.names.identity(target);
        let (key, tag) = (CacheKeys::original(&identity), CacheKeys::purge_tag(&identity));
        let mut entry = CacheEntry::clone(&original.entry);
        entry.meta.lifetimes = lifetimes;
        entry.meta.generation = coordinator.replace(&tag).await;
        entry.meta.tags = vec![tag];
        let entry = Arc::new(entry);
        cache.put_shared(key, Arc::clone(&entry)).await;
        if !cache.verify_stored(&key, &entry).await {
            // the response says that it is not stored, so it must not be found
            self.forget(&key).await;
            return None;
        }
        Some(Original { entry, storability: Storability::Storable })
    }

    /// What the cache has, if it is fresh: an original, or its absence.
    async fn cached(&self, key: &Key) -> Option<Result<Original, Error>> {
        let now = clock::now();
        let entry = self.store.cache.get(key, now).await?.entry;
        if entry.state(now) != Freshness::Fresh || !self.origin.files.are_current(&entry).await {
            return None;
        }
        if entry.meta.status == FOUND {
            return Some(Ok(Original { entry, storability: Storability::Storable }));
        }
        let fresh_for = entry.meta.lifetimes.fresh_for.saturating_sub(entry.age(now));
        Some(Err(Error::Absent { fresh_for }))
    }

    async fn forget(&self, key: &Key) {
        if let Err(error) = self.store.cache.remove(key).await {
            tracing::warn!(%error, "cannot remove an original from the cache");
        }
    }
}
