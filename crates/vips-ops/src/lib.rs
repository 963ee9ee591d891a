//! Image API parameters → plan → libvips → bytes.
//!
//! A straight line of values: a query string becomes [`params::Params`], these and what is known of the original
//! ([`source::SourceInfo`], [`Measurements`]) become a [`plan::Plan`], and [`render::render`] turns a plan into
//! bytes. Parsing knows no picture, planning touches no pixel, rendering takes no decision. Everything here is
//! synchronous and knows nothing of HTTP, clocks, the environment or the network.

pub mod analysis;
pub mod cost;
mod describe;
mod embedded_metadata;
pub mod encode;
pub mod error;
pub mod execute;
pub mod overlay;
pub mod render;
pub mod source;
pub mod steps;
mod text;
mod tone;

pub(crate) use image_api::{Measurements, face, format, orientation, params, plan, settings, size};

pub use error::{Blame, Error, ErrorKind, Result};
pub use execute::{Answer, Media, answer, describe};
pub use overlay::Assets;
pub use render::{Encoded, Phase, process};
pub use source::Source;
// what callers need of the binding: to start libvips, to end a render, to end a thread
pub use vips;
