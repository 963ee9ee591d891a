//! The caches of an image proxy: encoded results and original files, in memory, on disk and in Redis.
//!
//! A [`Key`] names a value, a [`CacheEntry`] is its body with the metadata of a response, a [`Store`] keeps entries in
//! one [`Tier`], and a [`Cache`] is a list of stores, nearest first. Two mechanisms keep work from being done twice at
//! the same time: a [`Coalescer`] joins callers on this node, a [`Lease`] joins nodes. The [`Coordinator`] connects the
//! caches of all nodes: a purge is an entry of a log that every node reads, and no entry is used once a later purge
//! applies to it.
//!
//! This crate knows neither HTTP servers nor images. The time is always passed in, in milliseconds since the Unix
//! epoch; [`clock`] is the one place that reads it.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use result_cache::{
//!     Cache, CacheEntry, CacheName, Config, Coordinator, EntryMeta, KeyBuilder, Lifetimes, PurgeScope, Tier, clock,
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // the default is memory only; `disk.path` and `redis.url` add tiers
//! let config = Config::default();
//! let coordinator = Coordinator::open(&config)?;
//! let results = Cache::open(&config, CacheName::Results, &coordinator).await?;
//!
//! let key = KeyBuilder::new("result").field("path", "/photo.jpg").field("width", &300_u32).finish();
//! // before the work begins: a purge from now on applies to its result
//! let generation = coordinator.generation();
//! let meta = EntryMeta {
//!     status: 200,
//!     content_type: "image/webp".to_owned(),
//!     stored_at: clock::now(),
//!     lifetimes: Lifetimes { fresh_for: Duration::from_secs(3600), ..Lifetimes::default() },
//!     tags: vec!["photo".to_owned()],
//!     generation,
//!     ..EntryMeta::default()
//! };
//! results.put(key, Arc::new(CacheEntry { meta, body: b"pixels"[..].into() })).await;
//!
//! let hit = results.get(&key, clock::now()).await.expect("it was just put");
//! assert_eq!((&hit.entry.body[..], hit.tier), (&b"pixels"[..], Tier::Memory));
//!
//! coordinator.purge(PurgeScope::Tag("photo".to_owned())).await?;
//! assert!(results.get(&key, clock::now()).await.is_none());
//! results.close().await;
//! # Ok::<_, result_cache::Error>(())
//! # }).unwrap();
//! ```

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
mod tier;
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
pub use entry::{CacheEntry, EntryMeta, Refinement};
pub use error::{Error, ErrorKind};
pub use generation::Generation;
pub use http_semantics::{BrowserLifetime, Freshness, Lifetimes, Revalidation};
pub use key::Key;
pub use key_builder::{Fingerprint, KeyBuilder};
pub use memory::MemoryStore;
pub use purge::PurgeScope;
pub use stats::{CoordinatorStats, Stats, TierStats};
pub use store::Store;
pub use tier::Tier;
