//! Scaling to an exact size.

use vips::{Image, Result, ops::Kernel};

use crate::{size::Size, steps::alpha};

/// Scales to exactly `size`, in the picture's own pixel format.
pub fn to(image: &Image, size: Size) -> Result<Image> {
    let horizontal = f64::from(size.width) / f64::from(image.width());
    let vertical = f64::from(size.height) / f64::from(image.height());
    alpha::premultiplied(image, |image| image.resize(horizontal, vertical, Kernel::Lanczos3))
}
