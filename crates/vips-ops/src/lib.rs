//! Processes images: Image API parameters → plan → libvips → encoded bytes.
//!
//! Data flows in one direction: a query string becomes [`params::Params`]; these and the properties of the original
//! ([`source::SourceInfo`], [`Measurements`]) become a [`plan::Plan`]; [`render::render`] executes the plan and returns
//! bytes. Parsing does not depend on the image, planning touches no pixel, rendering makes no decision. Everything is
//! synchronous and independent of HTTP, clocks, the environment and the network.

pub mod analysis;
pub mod cost;
mod describe;
mod embedded_metadata;
pub mod encode;
pub mod error;
pub mod execute;
pub mod overlay;
pub mod refine;
pub mod render;
pub mod source;
pub mod steps;
mod text;
mod tone;

pub(crate) use image_api::{Measurements, face, format, orientation, params, plan, settings, size};

pub use error::{Blame, Error, ErrorKind, Result};
pub use execute::{Answer, Media, answer, describe};
pub use overlay::Assets;
pub use refine::{First, Refined, refine, score};
pub use render::{Encoded, Phase, UsedCodecs, process};
pub use source::Source;
// for threads that expect no render soon
pub use codecs::release_buffers;
// for callers of the binding: starting libvips, deadlines, freeing thread-local state
pub use vips;
