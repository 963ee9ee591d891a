//! Pixmill, a high-throughput image proxy: `GET /photo.jpg?width=400` fetches the original from its origin, renders it with
//! libvips, caches the result and serves it. This library has the parts of the binary, for tests and for generated documents.
//!
//! | part | modules |
//! |---|---|
//! | HTTP | [`http`] (requests and responses), `listener` (connections) |
//! | core | `variants` (cache, coalescing, build), `originals`, `overlays`, [`analysis`], `coalescing`, [`model`] (their values) |
//! | rendering | [`render`]: admission, render threads, worker processes; `quarantine` |
//! | uploads and jobs | [`uploads`] |
//! | operation | [`config`], [`telemetry`], [`signing`], [`cli`] |
//!
//! [`app`] opens the parts and listens, [`state`] wires them. The core knows no HTTP and is tested without a server.
//!
//! ```
//! use pixmill::{app::Server, config::Config};
//!
//! # actix_web::rt::System::new().block_on(async {
//! let mut config = Config::default();
//! config.listen.address = "127.0.0.1:0".parse()?;
//! config.admin.address = "127.0.0.1:0".parse()?;
//! config.workers.isolation = pixmill::config::Isolation::Thread;
//! let server = Server::start(config).await?;
//! println!("listening on http://{}", server.address);
//! server.stop().await;
//! # Ok::<_, anyhow::Error>(())
//! # }).unwrap();
//! ```

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
pub mod model;
mod open_files;
mod origin_backoff;
mod originals;
mod overlays;
mod quarantine;
pub mod refine;
pub mod render;
mod server_timing;
pub mod signals;
pub mod signing;
pub mod state;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod uploads;
mod variants;
mod wrapping;
