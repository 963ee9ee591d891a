//! The parts of the cache together, on real disks, real threads and a real Redis.
#![expect(clippy::unwrap_used, reason = "tests")]

mod cache;
mod coalescing;
mod contract;
mod disk;
mod fixture;
mod membership;
mod redis;
