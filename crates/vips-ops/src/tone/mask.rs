//! The light around each pixel: luma, blurred on a small copy and stretched back.

use vips::{BandFormat, Image, Result, ops::Kernel};

use super::LUMA;

/// Long side of the copy that is blurred, in pixels: what is this soft needs no more.
const LONG_SIDE: f64 = 512.0;

/// Luma of a three-band picture, blurred by a part of its long side; of the picture's size.
pub fn light_around(image: &Image, part: f64) -> Result<Image> {
    let (width, height) = (f64::from(image.width()), f64::from(image.height()));
    let scale = (LONG_SIDE / width.max(height)).min(1.0);
    let small = if scale < 1.0 { image.resize(scale, scale, Kernel::Linear)? } else { image.clone() };
    let sigma = part * f64::from(small.width().max(small.height()));
    let grey = small.recomb(&LUMA.map(f64::from), 1)?.cast(BandFormat::Uchar)?;
    let soft = grey.copy_memory()?.gaussblur(sigma)?;
    if scale < 1.0 {
        soft.resize(width / f64::from(soft.width()), height / f64::from(soft.height()), Kernel::Linear)
    } else {
        Ok(soft)
    }
}
