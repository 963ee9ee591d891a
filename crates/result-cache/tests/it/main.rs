//! The parts of the cache together, on real disks and real threads.
#![expect(clippy::unwrap_used, reason = "tests")]

mod cache;
mod contract;
mod disk;
mod fixture;
mod flights;
