//! Thumbnails of the original, for analyses of the image as a whole.

use vips::{Access, Deadline, Image};

use crate::{
    error::{Error, Result, timely},
    size::Size,
    source::Source,
    steps::{load, orient, profile, resize},
};

/// The image as stored, in sRGB, scaled down so that its long side is at most `side` pixels.
pub fn at(source: &Source, side: u32, deadline: &Deadline) -> Result<Image> {
    let Size { width, height } = source.info.stored;
    // a side shorter than the divisor would have no pixel left
    let fits = |shrink: &u8| {
        width.max(height) / u32::from(*shrink) >= side && width.min(height) >= u32::from(*shrink)
    };
    let shrink = [8u8, 4, 2].into_iter().find(fits).unwrap_or(1);
    let image = load::open_for_measuring(source, shrink, Access::Sequential, deadline)?;
    let scale = (f64::from(side) / f64::from(image.width().max(image.height()))).min(1.0);
    let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let target = Size { width: scaled(image.width()), height: scaled(image.height()) };
    let small = resize::to(&image, target).and_then(|small| profile::to_srgb(&small, source.info.profile));
    small.map_err(Error::of_pixels)
}

/// As [`at`], oriented by EXIF and in memory.
pub fn upright(source: &Source, side: u32, deadline: &Deadline) -> Result<Image> {
    let image = at(source, side, deadline)?;
    orient::apply(image, source.info.orientation)
        .and_then(|image| image.copy_memory())
        .map_err(|error| timely(Error::of_pixels(error), deadline))
}
