//! What is laid over a picture: which pictures have to be fetched for it, and what they look like when they are drawn.
//!
//! A request names its overlays by URL ([`links`]). Whoever can fetch does so before the render and hands the bytes in
//! as [`Assets`]. An overlay with parameters of its own is a request like any other: its asset is the answer to it.

mod assets;
mod draw;

pub use assets::Assets;
pub(crate) use draw::plan_of;
pub use draw::{Drawn, Ready, prepare};
pub use image_api::links::{Link, MAX_DEPTH, links};
