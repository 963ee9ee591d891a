//! The server over real sockets: in this process, on ports of its own, before a folder or an origin that does as told.
#![expect(clippy::unwrap_used, reason = "tests")]

mod admin;
mod background;
mod browsers;
mod buckets;
mod capacity;
mod client;
mod cluster;
mod coalescing;
mod conditional;
mod connection;
mod errors;
mod fake_origin;
mod faults;
mod folders;
mod form;
mod freshness;
mod full_disk;
mod hits;
mod identity;
mod malformed;
mod meta;
mod negotiation;
mod nodes;
mod originals;
mod origins;
mod overlays;
mod overload;
mod policy;
mod purging;
mod remarks;
mod routes;
#[path = "../../../origin/tests/it/s3.rs"]
mod s3;
mod setup;
mod shared_cache;
mod shutdown;
mod sight;
mod signing;
mod slow_readers;
mod stale;
mod stored;
mod stored_nodes;
mod uploads;
