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
pub mod matrix;
mod passes;
pub mod pixel;
pub mod presets;
mod spline;
mod srgb;

pub use auto_curve::AutoCurve;
pub use curve::Curve;
pub use matrix::Matrix;
pub use passes::{Grade, Pass};
pub use pixel::PixelOp;

/// Weights of red, green and blue in luma (Rec. 709).
pub const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// The luma of a colour.
pub fn luma([red, green, blue]: [f32; 3]) -> f32 {
    LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
}

/// Goes smoothly from 0 at `from` to 1 at `to`.
pub fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// One correction.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Each channel by itself.
    Curve(Curve),
    /// A curve that is found by looking at the picture.
    Auto(AutoCurve),
    /// Channels mixed.
    Matrix(Matrix),
    /// Each pixel by itself, or by the light around it.
    Pixel(PixelOp),
}
