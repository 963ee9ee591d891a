//! Pixmill: a high-throughput image proxy. The binary's parts as a library, so that tests and generated documents can
//! use them.

pub mod app;
mod cache_key;
pub mod cli;
mod cluster;
pub mod config;
pub mod failure;
mod files;
mod flight;
pub mod http;
mod listener;
mod make;
mod open_files;
mod original;
mod overlays;
mod pause;
mod quarantine;
pub mod render;
mod seen;
pub mod service;
pub mod sight;
pub mod signing;
pub mod state;
pub mod telemetry;
mod timing;
mod turn;
pub mod uploads;
