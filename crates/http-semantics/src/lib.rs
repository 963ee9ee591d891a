//! HTTP caching as values: what an origin says about a response, how long it may be used, and what to tell others.
//!
//! Headers become a [`CachePolicy`]; the policy within the operator's [`Limits`] becomes [`Lifetimes`], or the response
//! must not be stored; lifetimes and an age say what may be done with a stored response ([`Freshness`]); and lifetimes
//! become the `Cache-Control` of our own responses. [`Validators`] tell versions apart. The rules are those of RFC 9110,
//! RFC 9111 and RFC 5861 for a shared cache whose responses depend on nothing but their URL.
//!
//! The crate is pure: no clock, no network, no types of any HTTP library. Why it is not the crate `http-cache-semantics`
//! is told in ADR 0020.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use http_semantics::{CacheHeaders, CachePolicy, Freshness, Lifetimes, Limits};
//!
//! let headers = CacheHeaders {
//!     cache_control: Some("max-age=600, stale-while-revalidate=60"),
//!     age: Some("100"),
//!     ..CacheHeaders::default()
//! };
//! let policy = CachePolicy::parse(headers, SystemTime::UNIX_EPOCH);
//! assert_eq!(policy.remaining(), Some(Duration::from_secs(500)));
//!
//! let limits = Limits { max_ttl: Duration::from_secs(300), ..Limits::default() };
//! let lifetimes = Lifetimes::for_response(&policy, &limits).expect("it may be stored");
//! assert_eq!(lifetimes.state(Duration::from_secs(299)), Freshness::Fresh);
//! assert_eq!(lifetimes.state(Duration::from_secs(300)), Freshness::StaleWhileRevalidate);
//! assert_eq!(lifetimes.cache_control(), "public, max-age=300, stale-while-revalidate=60");
//! ```

mod directives;
mod freshness;
mod header;
mod lifetimes;
mod policy;
mod validators;

pub use crate::{
    freshness::Freshness,
    header::{NO_STORE, absence_cache_control},
    lifetimes::{BrowserLifetime, Lifetimes, Limits},
    policy::{CacheHeaders, CachePolicy, Revalidation},
    validators::Validators,
};
