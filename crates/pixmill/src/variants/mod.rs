//! Variants: serves a request from the results cache, else coalesces it with others on one build, else falls back to a stale
//! entry.
//!
//! ```text
//! serve ─► results cache ─ fresh ──────────────────────────────────────────────► hit
//!             │ stale within stale-while-revalidate ─► refresh in the background ► stale
//!             ▼ miss
//!          coalescing ─► build ([`build`]) ─► store ───────────────────────────► miss, coalesced
//!                            │ fails, and the error excuses a stale entry ─────► stale
//! ```

pub mod build;
pub mod companions;
mod content;
pub mod inspect;
mod refine;
#[cfg(test)]
mod tests;

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::rt;
use futures_util::{FutureExt, future::LocalBoxFuture};
use origin::Origins;
use result_cache::{Cache, CacheEntry, Coordinator, Freshness, Generation, Hit, Key, clock};

use self::build::VariantBuilder;
use crate::{
    cache_key::CacheKeys,
    coalescing::{Coalescing, Operations, Work, distributed::Publication, local::Role},
    error::Error,
    file_versions::FileVersions,
    model::{
        cache_status::CacheStatus,
        original::{Original, Storability},
        variant::{BuiltVariant, ServedVariant, VariantJob, VariantRequest},
    },
    origin_backoff::OriginBackoff,
    overlays::ServeVariant,
    refine::Refiner,
    server_timing::ServerTiming,
};

/// How often a variant is built again because it was purged while it was built: more often takes several purges in a row.
const MAX_REBUILDS: usize = 2;

/// The variants that one worker serves.
pub struct Variants {
    names: VariantNames,
    store: VariantStore,
    coalescing: Coalescing<BuiltVariant>,
    backoff: Arc<OriginBackoff>,
    builder: VariantBuilder,
    refiner: Option<Rc<Refiner>>,
    deadline: Duration,
}

/// Names of originals, and keys of variants.
pub struct VariantNames {
    /// The names of originals.
    pub origins: Rc<Origins>,
    /// The keys.
    pub keys: Arc<CacheKeys>,
}

/// The results cache.
pub struct VariantStore {
    /// The cache.
    pub cache: Cache,
    /// Its purges.
    pub coordinator: Coordinator,
    /// The versions of the files that entries were made from.
    pub files: Rc<FileVersions>,
}

/// The entry in the cache, fresh or stale.
struct Known {
    hit: Option<Hit>,
    /// The time of the lookup, in milliseconds since the Unix epoch.
    now: u64,
    /// Whether the files that the entry was made from are still the same.
    is_current: bool,
}

/// A build, shared by all requests for the variant.
struct Build {
    variants: Rc<Variants>,
    job: VariantJob,
}

impl Variants {
    /// Variants in this cache, built by `builder` and encoded again by `refiner`. `deadline` is the longest time for a request.
    pub fn new(
        names: VariantNames,
        store: VariantStore,
        operations: &Operations<BuiltVariant>,
        backoff: Arc<OriginBackoff>,
        builder: VariantBuilder,
        refiner: Option<Rc<Refiner>>,
        deadline: Duration,
    ) -> Self {
        let coalescing = Coalescing::new(operations, &store.cache, &store.coordinator);
        Self { names, store, coalescing, backoff, builder, refiner, deadline }
    }

    /// The variant: a fresh entry of the cache, else built, else a stale entry.
    ///
    /// A stale entry is served at once while its origin is backed off, and within its stale-while-revalidate window.
    pub async fn serve(self: &Rc<Self>, request: VariantRequest) -> Result<ServedVariant, Error> {
        let key = self.key(&request);
        self.serve_key(key, || request).await
    }

    /// The key of a variant in the results cache. It depends on the request and the configuration alone.
    pub fn key(&self, request: &VariantRequest) -> Key {
        self.names.key(request)
    }

    /// As [`serve`](Self::serve), by the key of the request. The request itself is wanted only if the variant has to be built.
    pub async fn serve_key(
        self: &Rc<Self>,
        key: Key,
        request: impl FnOnce() -> VariantRequest,
    ) -> Result<ServedVariant, Error> {
        let started = Instant::now();
        let known = self.store.look_up(&key).await;
        let lookup = started.elapsed();
        if let Some(Hit { entry, tier }) = &known.hit
            && known.is_fresh(entry)
        {
            let served = ServedVariant::cached(entry, CacheStatus::Hit(*tier), lookup);
            return Ok(self.counted(served, &key, request));
        }
        self.serve_outdated(request(), key, known, (started, lookup)).boxed_local().await
    }

    /// The response to a request, which counts towards the second pass of its variant.
    fn counted(
        self: &Rc<Self>,
        served: ServedVariant,
        key: &Key,
        request: impl FnOnce() -> VariantRequest,
    ) -> ServedVariant {
        let Some(refiner) = &self.refiner else { return served };
        if served.storability != Storability::Storable {
            return served;
        }
        refiner.requested(self, key, &served.entry, request);
        ServedVariant { max_age: refiner.max_age(&served.entry), ..served }
    }

    /// The variant after a miss: `known` is nothing, or a stale entry.
    async fn serve_outdated(
        self: &Rc<Self>,
        request: VariantRequest,
        key: Key,
        known: Known,
        (started, lookup): (Instant, Duration),
    ) -> Result<ServedVariant, Error> {
        let identity = self.names.origins.identity(&request.target);
        let Known { hit, now, is_current } = known;
        let outdated = hit.map(|hit| hit.entry);
        let stale = outdated.clone().filter(|entry| entry.state(now).excuses_errors());
        if let Some(stale) = &stale
            && self.backoff.is_active(&CacheKeys::original(&identity))
        {
            return Ok(ServedVariant::cached(stale, CacheStatus::Stale, lookup));
        }
        let purged = self.store.coordinator.last_purge(&CacheKeys::purge_tag(&identity));
        let coalescing_key = CacheKeys::coalescing(&key, purged);
        let deadline = started + self.deadline;
        let job =
            VariantJob { request, key, coalescing_key, identity, stale: outdated, uploaded: None, deadline };
        let request = job.request.clone();
        let built = Rc::clone(self).build(job);
        if let Some(stale) = &stale
            && is_current
            && stale.state(now) == Freshness::StaleWhileRevalidate
        {
            let refresh = built.map(|refreshed| {
                let _ =
                    refreshed.inspect_err(|error| tracing::warn!(%error, "cannot refresh a stale response"));
            });
            rt::spawn(request_trace::scope(request_trace::current(), refresh));
            return Ok(ServedVariant::cached(stale, CacheStatus::Stale, lookup));
        }
        match (built.await, stale) {
            (Ok((built, status)), _) => Ok(self.counted(built.serve(status, lookup), &key, || request)),
            (Err(error), Some(stale)) if error.excuses_stale() => {
                tracing::warn!(%error, "serving a stale response after an error");
                Ok(ServedVariant::cached(&stale, CacheStatus::Stale, lookup))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Builds a variant of an original that came with a request, without looking into the cache and without coalescing. It is
    /// stored if the original is.
    pub async fn build_uploaded(
        self: &Rc<Self>,
        request: VariantRequest,
        original: Original,
        deadline: Instant,
    ) -> Result<ServedVariant, Error> {
        let identity = self.names.origins.identity(&request.target);
        let key = self.names.key(&request);
        let uploaded = Some(original);
        let job = VariantJob { request, key, coalescing_key: key, identity, stale: None, uploaded, deadline };
        let built = self.builder.build(&job, self).await?;
        if built.storability == Storability::Storable {
            self.store.cache.put(key, Arc::clone(&built.entry)).await;
        }
        Ok(built.serve(CacheStatus::Miss, Duration::ZERO))
    }

    /// Builds the variant, once for all concurrent requests for it. If an overlay was purged before this request
    /// came but after the build started, the variant is built again.
    async fn build(self: Rc<Self>, job: VariantJob) -> Result<(BuiltVariant, CacheStatus), Error> {
        let requested_at = self.store.coordinator.generation();
        let (key, deadline) = (job.coalescing_key, job.deadline);
        let work = Rc::new(Build { variants: Rc::clone(&self), job });
        for _ in 0..MAX_REBUILDS {
            let (built, role) = self.coalescing.run(key, deadline, &work).await?;
            if !self.store.was_purged(&built.entry, requested_at) {
                return Ok((built, status(role)));
            }
        }
        // this build starts after the request; what it builds is not stored if it is purged again
        let (built, role) = self.coalescing.run(key, deadline, &work).await?;
        Ok((built, status(role)))
    }
}

fn status(role: Role) -> CacheStatus {
    match role {
        Role::Leader => CacheStatus::Miss,
        Role::Follower => CacheStatus::Coalesced,
    }
}

impl ServeVariant for Rc<Variants> {
    fn serve_variant(&self, request: VariantRequest) -> LocalBoxFuture<'_, Result<ServedVariant, Error>> {
        self.serve(request).boxed_local()
    }
}

impl Work for Build {
    type Output = BuiltVariant;

    async fn cached(&self) -> Option<Result<BuiltVariant, Error>> {
        let known = self.variants.store.look_up(&self.job.key).await;
        let entry =
            known.hit.as_ref().map(|hit| Arc::clone(&hit.entry)).filter(|entry| known.is_fresh(entry))?;
        Some(Ok(BuiltVariant { entry, storability: Storability::Storable, timing: ServerTiming::default() }))
    }

    async fn build(&self, publication: Publication) -> Result<BuiltVariant, Error> {
        let Self { variants, job } = self;
        let store = &variants.store;
        let result = variants.builder.build(job, variants).await;
        if let Ok(built) = &result {
            variants.builder.context.counters.phases.observe(&built.timing);
        }
        match &result {
            Ok(built) if built.storability != Storability::NotStorable && !job.has_stale(&built.entry) => {
                store.cache.put(job.key, Arc::clone(&built.entry)).await;
                publication.publish(job.key);
            }
            // an entry that may no longer be stored must not be served either
            Ok(built) if built.storability == Storability::NotStorable && job.stale.is_some() => {
                store.forget(&job.key).await;
            }
            Err(error) if job.stale.is_some() && !error.excuses_stale() => store.forget(&job.key).await,
            _ => {}
        }
        result
    }
}

impl VariantNames {
    /// The key of a variant in the results cache.
    fn key(&self, request: &VariantRequest) -> Key {
        let identity = self.origins.identity_with_base(&request.target);
        self.keys.result(&request.params, request.accept, &identity)
    }
}

impl VariantStore {
    async fn look_up(&self, key: &Key) -> Known {
        let now = clock::now();
        let hit = self.cache.get(key, now).await;
        let is_current = match &hit {
            Some(hit) => self.files.are_current(&hit.entry).await,
            None => true,
        };
        Known { hit, now, is_current }
    }

    /// Whether something that the variant was built from was purged after its build started, as was known at `known_at`.
    fn was_purged(&self, entry: &CacheEntry, known_at: Generation) -> bool {
        let CacheEntry { meta, .. } = entry;
        let mut purges = meta.tags.iter().map(|tag| self.coordinator.last_purge(tag));
        purges.any(|purged| meta.generation < purged && purged <= known_at)
    }

    async fn forget(&self, key: &Key) {
        if let Err(error) = self.cache.remove(key).await {
            tracing::warn!(%error, "cannot remove a variant from the cache");
        }
    }
}

impl Known {
    fn is_fresh(&self, entry: &CacheEntry) -> bool {
        self.is_current && entry.state(self.now) == Freshness::Fresh
    }
}

impl VariantJob {
    /// Whether the entry is the stale one itself.
    fn has_stale(&self, entry: &Arc<CacheEntry>) -> bool {
        self.stale.as_ref().is_some_and(|stale| Arc::ptr_eq(stale, entry))
    }
}
