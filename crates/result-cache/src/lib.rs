//! Key → envelope: the cache for encoded answers and for source bytes, in memory, on disk and in Redis, and the single
//! flight that keeps one piece of work from being done twice at the same time.
//!
//! This crate knows neither the web server nor the pixels. A [`Key`] names a thing, an [`Envelope`] is the
//! thing with what an answer needs to say about it, a [`Store`] keeps envelopes in one [`Tier`], and
//! [`Cache`] puts the tiers in front of each other. [`Flights`] joins callers that want the same key, and
//! [`Peers`] what nodes share: purges, and leases that do for nodes what flights do for callers. Time is
//! always told by the caller, in milliseconds since the Unix epoch; [`clock`] is the one place that reads it.

mod breaker;
mod cache;
pub mod clock;
mod config;
mod disk;
mod envelope;
mod error;
mod flight;
mod freshness;
mod generation;
mod key;
mod memory;
mod peers;
mod purge;
mod remote;
mod stats;
mod store;
mod versions;

pub use cache::{Cache, Hit};
pub use config::{Config, DiskConfig, MemoryConfig, Name, SectionConfig};
pub use disk::{DiskSettings, DiskStore};
pub use envelope::{Envelope, Meta};
pub use error::{Error, ErrorKind};
pub use flight::{Flights, Lead, Outcome, Ticket};
pub use freshness::{BrowserLifetime, Freshness, Lifetimes, Revalidation, Stated};
pub use generation::Generation;
pub use key::Key;
pub use memory::MemoryStore;
pub use peers::{Peers, Reach};
pub use purge::Scope;
pub use remote::{Claim, Lease, RedisConfig, RedisMode, RedisSettings, RedisStore, Roster, Wait, Word};
pub use stats::{PeerStats, Stats, TierStats};
pub use store::{Store, Tier};
