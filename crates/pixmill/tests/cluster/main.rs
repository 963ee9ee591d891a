//! Nodes as separate processes, under load, with faults of their dependencies: no request fails because of the fault, and no body is
#![expect(clippy::unwrap_used, reason = "tests")]

mod behind_proxies;
mod chaos;
mod clocks;
mod faults;
mod isolation;
mod load;
mod namespaces;
mod node;
mod origins;
mod pictures;
mod proxies;
mod refining;
mod rolling;
mod shared_decode;
mod topology;
