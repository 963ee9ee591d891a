//! A variant on its way from the request to the response.

use std::{rc::Rc, sync::Arc, time::Duration, time::Instant};

use image_api::{Accept, Params};
use origin::ObjectRef;
use result_cache::{CacheEntry, Key};

use super::{
    cache_status::CacheStatus,
    original::{Original, Storability},
};
use crate::{render::Class, server_timing::ServerTiming};

/// A request for a variant.
#[derive(Debug, Clone)]
pub struct VariantRequest {
    /// The original.
    pub target: Rc<ObjectRef>,
    /// The parameters; empty ones request the unmodified original.
    pub params: Params,
    /// The formats that the client accepts.
    pub accept: Accept,
    /// The share of the render threads that a render for this request uses. A request that joins a render in flight does not
    /// change the class of that.
    pub class: Class,
}

/// A variant to be built, after a cache miss.
pub struct VariantJob {
    /// The request that missed.
    pub request: VariantRequest,
    /// The key in the results cache.
    pub key: Key,
    /// The key under which requests for the same variant coalesce.
    pub coalescing_key: Key,
    /// The origin's name of the original, the same on every node.
    pub identity: String,
    /// The stale entry in the cache.
    pub stale: Option<Arc<CacheEntry>>,
    /// The original, if it came with the request; else it is fetched.
    pub uploaded: Option<Original>,
    /// When the variant must be ready.
    pub deadline: Instant,
}

/// A variant that was built, shared by all requests that waited for it.
#[derive(Debug, Clone)]
pub struct BuiltVariant {
    /// The bytes and their description, as they are cached.
    pub entry: Arc<CacheEntry>,
    /// Whether it may be stored.
    pub storability: Storability,
    /// Time in each phase of the build.
    pub timing: ServerTiming,
}

/// A variant as one request gets it.
#[derive(Debug)]
pub struct ServedVariant {
    /// The bytes and their description.
    pub entry: Arc<CacheEntry>,
    /// Where it came from.
    pub cache_status: CacheStatus,
    /// Whether it may be stored.
    pub storability: Storability,
    /// Time in each phase.
    pub timing: ServerTiming,
    /// The longest `max-age` of the response; none: as long as the entry is fresh.
    pub max_age: Option<Duration>,
}

impl ServedVariant {
    /// One that the cache had; `lookup` is how long it took to find it.
    pub fn cached(entry: &Arc<CacheEntry>, cache_status: CacheStatus, lookup: Duration) -> Self {
        let timing = ServerTiming { cache: Some(lookup), ..ServerTiming::default() };
        Self {
            entry: Arc::clone(entry),
            cache_status,
            storability: Storability::Storable,
            timing,
            max_age: None,
        }
    }
}

impl BuiltVariant {
    /// The variant for a request that started the build, or joined it. A variant of a stale original is stale itself.
    pub fn serve(self, cache_status: CacheStatus, lookup: Duration) -> ServedVariant {
        let is_stale = self.storability == Storability::Stale;
        ServedVariant {
            entry: self.entry,
            cache_status: if is_stale { CacheStatus::Stale } else { cache_status },
            storability: self.storability,
            timing: ServerTiming { cache: Some(lookup), ..self.timing },
            max_age: None,
        }
    }
}
