//! Image API parameters → plan → libvips → bytes.
//!
//! A straight line of values: a query string becomes [`params::Params`], these and what is known of the original
//! ([`source::SourceInfo`], [`facts::Facts`]) become a [`plan::Plan`], and [`pipeline::render`] turns a plan into
//! bytes. Parsing knows no picture, planning touches no pixel, rendering takes no decision. Everything here is
//! synchronous and knows nothing of HTTP, clocks, the environment or the network.

pub mod answer;
mod carried;
pub mod cost;
pub mod encode;
pub mod error;
pub mod face;
pub mod facts;
mod interned;
mod meta;
pub mod orientation;
pub mod overlay;
pub mod params;
pub mod pipeline;
pub mod plan;
pub mod query;
pub mod settings;
pub mod size;
pub mod source;
pub mod steps;
pub mod text;
pub mod tone;

pub use answer::{Answer, Media, answer, describe};
pub use error::{Blame, Error, ErrorKind, Result};
pub use face::Face;
pub use overlay::Assets;
pub use params::Params;
pub use pipeline::{Encoded, Phase, process};
pub use plan::{Accept, Plan, format::OutputFormat};
pub use settings::Settings;
pub use source::Source;
// what callers need of the binding: to start libvips, to end a render, to end a thread
pub use vips;
