//! Logging, metrics, counters and traces.

pub mod access;
mod access_line;
pub mod access_log;
pub mod allocator;
pub mod counters;
pub mod current_request;
pub mod error_events;
pub mod export_losses;
pub mod histogram;
pub mod hosts;
pub mod layout;
mod logfmt;
pub mod logs;
pub mod metrics;
#[cfg(not(feature = "otlp"))]
mod no_log_export;
#[cfg(not(feature = "otlp"))]
mod no_otlp;
#[cfg(feature = "otlp")]
pub mod otlp;
pub mod process;
pub mod scrape;
#[cfg(feature = "sentry")]
pub mod sentry;
pub mod traces;

#[cfg(feature = "otlp")]
pub use self::otlp::{Exporters, logs::LogExport};
#[cfg(not(feature = "otlp"))]
pub use self::{no_log_export::LogExport, no_otlp::Exporters};
