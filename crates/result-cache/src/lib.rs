//! Key → entry: the cache for encoded answers and for source bytes, in memory, on disk and in Redis, and the single
//! flight that keeps one piece of work from being done twice at the same time.
//!
//! This crate knows neither the web server nor the pixels. A [`Key`] names a thing, an [`CacheEntry`] is the
//! thing with what an answer needs to say about it, a [`Store`] keeps envelopes in one [`Tier`], and
//! [`Cache`] puts the tiers in front of each other. [`Coalescer`] joins callers that want the same key, and
//! [`Coordinator`] what nodes share: purges, and leases that do for nodes what flights do for callers. Time is
//! always told by the caller, in milliseconds since the Unix epoch; [`clock`] is the one place that reads it.

mod breaker;
mod cache;
pub mod clock;
mod coalescing;
mod config;
mod coordinator;
mod disk;
mod entry;
mod error;
mod generation;
mod key;
mod key_builder;
mod memory;
mod metered;
mod promotion_guard;
mod purge;
mod redis;
mod stats;
mod store;
mod tiers;

pub use self::redis::{
    Lease, LeaseOutcome, LeaseWaiter, Membership, Notification, RedisConfig, RedisMode, RedisSettings,
    RedisStore,
};
pub use cache::{Cache, Hit};
pub use coalescing::{Coalescer, Outcome, Permit, Waiter};
pub use config::{CacheName, Config, DiskConfig, MemoryConfig, SectionConfig};
pub use coordinator::{Coordinator, PurgeReach};
pub use disk::{DiskSettings, DiskStore};
pub use entry::{CacheEntry, EntryMeta};
pub use error::{Error, ErrorKind};
pub use generation::Generation;
pub use http_semantics::{BrowserLifetime, Freshness, Lifetimes, Revalidation};
pub use key::Key;
pub use key_builder::{Fingerprint, KeyBuilder};
pub use memory::MemoryStore;
pub use purge::PurgeScope;
pub use stats::{CoordinatorStats, Stats, TierStats};
pub use store::{Store, Tier};
