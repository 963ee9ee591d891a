//! Cropping.

use vips::{Image, Result};

use crate::{
    size::{Rect, Size},
    steps::subject,
};

/// Crops a rectangle.
pub fn cut(image: &Image, rect: Rect) -> Result<Image> {
    image.extract_area(rect.left, rect.top, rect.width, rect.height)
}

/// Locates the most interesting window of size `wanted`, in this image scaled up to `scaled`.
pub fn locate_enlarged(image: &Image, scaled: Size, wanted: Size) -> Result<Rect> {
    let factor = |scaled: u32, own: u32| f64::from(scaled) / f64::from(own);
    let (across, down) = (factor(scaled.width, image.width()), factor(scaled.height, image.height()));
    let own =
        |wanted: u32, factor: f64, most: u32| ((f64::from(wanted) / factor).round() as u32).clamp(1, most);
    let size = Size {
        width: own(wanted.width, across, image.width()),
        height: own(wanted.height, down, image.height()),
    };
    let rect = subject::window(image, size)?;
    let start = |own: u32, factor: f64, most: u32| ((f64::from(own) * factor).round() as u32).min(most);
    Ok(Rect {
        left: start(rect.left, across, scaled.width - wanted.width),
        top: start(rect.top, down, scaled.height - wanted.height),
        width: wanted.width,
        height: wanted.height,
    })
}
