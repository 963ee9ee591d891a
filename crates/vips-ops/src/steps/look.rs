//! A small copy of the original, for those who look at the picture as a whole.

use vips::{Access, Deadline, Image, Result};

use crate::{
    error::{self, Error},
    pipeline::timely,
    size::Size,
    source::Source,
    steps::{load, orient, profile, resize},
};

/// The picture as it is stored, in sRGB, its long side at most `side` pixels.
pub fn at(source: &Source, side: u32, deadline: &Deadline) -> Result<Image> {
    let long = source.info.stored.width.max(source.info.stored.height);
    let shrink = [8u8, 4, 2].into_iter().find(|shrink| long / u32::from(*shrink) >= side).unwrap_or(1);
    let image = load::open_for_measuring(source, shrink, Access::Sequential, deadline)?;
    let scale = (f64::from(side) / f64::from(image.width().max(image.height()))).min(1.0);
    let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let small = resize::to(&image, Size { width: scaled(image.width()), height: scaled(image.height()) })?;
    profile::to_srgb(&small, source.info.profile)
}

/// As [`at`], upright by EXIF and in memory.
pub fn upright(source: &Source, side: u32, deadline: &Deadline) -> error::Result<Image> {
    at(source, side, deadline)
        .and_then(|image| orient::apply(image, source.info.orientation)?.copy_memory())
        .map_err(|error| timely(Error::Undecodable(error), deadline))
}
