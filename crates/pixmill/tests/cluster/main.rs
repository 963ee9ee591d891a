//! Nodes as processes of their own, under load, with faults in what they stand on: no request fails that would not have
//! failed without the fault, and no body is ever wrong.
#![expect(clippy::unwrap_used, reason = "tests")]

mod chaos;
mod faults;
mod isolation;
mod load;
mod node;
mod origins;
mod pictures;
mod rolling;
mod topology;
