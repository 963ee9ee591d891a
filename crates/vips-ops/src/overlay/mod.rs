//! Overlays: watermarks and layers drawn over the image.
//!
//! A request names its overlays by URL ([`links`]). The caller fetches them before the render and passes the bytes in
//! as [`Assets`]. An overlay whose URL has parameters of its own is processed as a request like any other: its asset is
//! the response to it.

mod assets;
mod render;

pub use assets::Assets;
pub use image_api::links::{Link, MAX_DEPTH, links};
pub(crate) use render::plan_overlay;
pub(crate) use render::{PreparedOverlays, prepare};
