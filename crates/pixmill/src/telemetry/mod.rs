//! What the server tells of itself.

pub mod access;
pub mod counters;
pub mod exposition;
pub mod histogram;
pub mod hosts;
pub mod logs;
pub mod metrics;
pub mod process;
pub mod ratios;
