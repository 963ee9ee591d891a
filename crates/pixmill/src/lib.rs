//! Pixmill: a high-throughput image proxy. The binary's parts as a library, so that tests and generated documents can
//! use them.

pub mod analysis;
pub mod app;
mod cache_key;
pub mod cli;
mod coalescing;
pub mod config;
mod config_drift;
pub mod error;
mod file_versions;
pub mod http;
mod listener;
mod open_files;
mod origin_backoff;
mod originals;
mod overlays;
mod quarantine;
pub mod render;
mod server_timing;
pub mod service;
pub mod signing;
pub mod state;
pub mod telemetry;
pub mod uploads;
mod variants;
