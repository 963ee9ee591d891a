//! Logging, metrics and counters.

pub mod access;
mod access_line;
pub mod access_log;
pub mod counters;
pub mod histogram;
pub mod hosts;
pub mod logs;
pub mod metrics;
pub mod process;
pub mod scrape;
