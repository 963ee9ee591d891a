//! One correction as it is applied.

use super::{auto_curve::AutoCurve, curve::Curve, matrix::Matrix, pixel::PixelOp};

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
