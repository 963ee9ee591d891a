//! The plan: every decision of a render, made before a pixel is decoded.

mod accept;
mod budget;
mod early_crop;
pub mod encode;
mod explain;
pub mod faces;
pub mod geometry;
pub mod load;
mod model;
pub mod overlay;
pub mod passthrough;
mod pipeline;
pub mod quality;
mod request;
mod resampler;
mod resolve;
pub mod step;
pub mod tone;
pub mod video;

pub use accept::Accept;
pub use model::{Passthrough, Plan};
pub use resolve::turns;
