//! Tone and colour corrections: from the plan's list to passes over pixels.
//!
//! A request's corrections are a list of operations ([`op::Op`]) in pipeline order. Consecutive curves become one lookup table,
//! consecutive matrices one matrix, and consecutive operations on whole pixels one fused pass; see [`Grade::new`].
//! Values are sRGB-encoded, from 0 to 1; luma is that of ITU-R BT.709.

mod approx;
mod auto_curve;
mod block;
mod compile;
mod curve;
mod fused_pass;
mod local_luminance;
mod luma;
mod matrix;
mod op;
mod passes;
mod pixel;
mod presets;
mod spline;
mod srgb;

pub use passes::{Grade, Pass};
pub use pixel::PixelOp;
