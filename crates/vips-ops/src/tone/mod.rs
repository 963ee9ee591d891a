//! Tone and colour: what corrections and looks do to pixels, as data that composes.
//!
//! A request's corrections are a list of [`Op`]s in the order of the pipeline. Consecutive curves become one lookup
//! table, consecutive matrices one matrix, and consecutive operations that look at a whole pixel one pass; see
//! [`Grade::new`]. Formulas are those of the project's photo design: values from 0 to 1, sRGB-encoded, luma by
//! Rec. 709.

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
