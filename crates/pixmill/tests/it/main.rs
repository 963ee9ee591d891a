//! The server over real sockets: in this process, on free ports, with a folder or a fake origin.
#![expect(clippy::unwrap_used, reason = "tests")]

mod admin;
mod analysis;
mod async_jobs;
mod browsers;
mod buckets;
mod cache_hits;
mod capacity;
mod client;
mod cluster;
mod coalescing;
#[cfg(feature = "otlp")]
mod collector;
mod conditional;
mod connection;
mod errors;
mod fake_origin;
mod faults;
mod folders;
mod form;
mod freshness;
mod full_disk;
mod identity;
mod large_bodies;
mod malformed;
mod meta;
mod negotiation;
mod nodes;
mod originals;
mod origins;
mod overlays;
mod overload;
mod playground;
mod policy;
mod purging;
mod refining;
mod repeated;
mod response_headers;
mod routes;
#[path = "../../../origin/tests/it/s3.rs"]
mod s3;
mod setup;
mod shared_cache;
mod shared_decode;
mod shutdown;
mod signing;
mod slow_readers;
mod stale;
mod stored_nodes;
mod stored_uploads;
#[cfg(feature = "otlp")]
mod traces;
mod uploads;
