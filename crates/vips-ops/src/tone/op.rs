//! One correction as it is applied.

use super::{auto_curve::AutoCurve, curve::Curve, matrix::Matrix, pixel::PixelOp};

/// One correction.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// A curve per channel.
    Curve(Curve),
    /// A curve that is measured on the image.
    Auto(AutoCurve),
    /// A colour matrix.
    Matrix(Matrix),
    /// An operation on whole pixels.
    Pixel(PixelOp),
}
