//! What is laid over a picture: which pictures have to be fetched for it, and what they look like when they are drawn.
//!
//! A request names its overlays by URL ([`links`]). Whoever can fetch does so before the render and hands the bytes in
//! as [`Assets`]. An overlay with parameters of its own is a request like any other: its asset is the answer to it.

mod assets;
mod render;

pub use assets::Assets;
pub use image_api::links::{Link, MAX_DEPTH, links};
pub(crate) use render::plan_overlay;
pub use render::{PreparedOverlays, prepare};
