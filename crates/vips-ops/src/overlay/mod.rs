//! Overlays: watermarks and layers drawn over the image.
//!
//!

mod assets;
mod render;

pub use assets::Assets;
pub use image_api::links::{Link, MAX_DEPTH, links};
pub(crate) use render::plan_overlay;
pub use render::{PreparedOverlays, prepare};
