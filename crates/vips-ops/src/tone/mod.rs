//! Tone and colour corrections: from the plan's list to passes over pixels.
//!
//! A request's corrections are a list of [`Op`]s in pipeline order. Consecutive curves become one lookup table,
//! consecutive matrices one matrix, and consecutive operations on whole pixels one fused pass; see [`Grade::new`].
//! Values are sRGB-encoded, from 0 to 1; luma is that of ITU-R BT.709.

mod approx;
pub mod auto_curve;
mod block;
mod compile;
pub mod curve;
mod fused_pass;
mod local_luminance;
mod luma;
pub mod matrix;
mod op;
mod passes;
pub mod pixel;
pub mod presets;
mod spline;
mod srgb;

pub use auto_curve::AutoCurve;
pub use curve::Curve;
pub use luma::{LUMA, luma, smoothstep};
pub use matrix::Matrix;
pub use op::Op;
pub use passes::{Grade, Pass};
pub use pixel::PixelOp;
