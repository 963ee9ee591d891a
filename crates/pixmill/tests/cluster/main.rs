//! Nodes as separate processes, under load, with faults of their dependencies: no request fails because of the fault, and no body is
#![expect(clippy::unwrap_used, reason = "tests")]

mod chaos;
mod faults;
mod isolation;
mod load;
mod node;
mod origins;
mod pictures;
mod rolling;
mod shared_decode;
mod topology;
