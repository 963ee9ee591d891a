//! Embedded smaller copies of the image: AVIF thumbnails, levels of pyramidal TIFF.

use bytes::Bytes;
use image_api::source::Location;
use vips::{Access, Image, Loader};

use crate::{
    size::Size,
    source::{EmbeddedThumbnail, SourceFormat, tiff},
};

/// Tolerance in pixels between a level and half of the one before it, due to rounding at each level.
const ROUNDING: u32 = 2;

/// Relative tolerance of a thumbnail's aspect ratio; one that was cropped or padded differently is not used.
const SHAPE_TOLERANCE: f64 = 0.01;

/// The embedded copies, from the largest to the smallest.
pub fn find(format: SourceFormat, bytes: &Bytes, image: &Image) -> Vec<EmbeddedThumbnail> {
    let stored = Size { width: image.width(), height: image.height() };
    match format {
        SourceFormat::Heif => thumbnail(bytes, stored).into_iter().collect(),
        SourceFormat::Tiff => pyramid(bytes, stored),
        _ => Vec::new(),
    }
}

/// The loader of an embedded copy.
pub fn loader(location: Location) -> Loader {
    match location {
        Location::HeifThumbnail => Loader::Heif { thumbnail: true },
        Location::TiffPage(page) => Loader::Tiff { page, subifd: None },
        Location::TiffSubdirectory(level) => Loader::Tiff { page: 0, subifd: Some(level) },
    }
}

fn open(bytes: &Bytes, location: Location) -> Option<EmbeddedThumbnail> {
    let image = Image::load(bytes, &loader(location), Access::Sequential).ok()?;
    Some(EmbeddedThumbnail { size: Size { width: image.width(), height: image.height() }, location })
}

fn thumbnail(bytes: &Bytes, stored: Size) -> Option<EmbeddedThumbnail> {
    let found = open(bytes, Location::HeifThumbnail)?;
    let shape = |size: Size| f64::from(size.width) / f64::from(size.height);
    let alike = (shape(found.size) / shape(stored) - 1.0).abs() <= SHAPE_TOLERANCE;
    (alike && found.size.width < stored.width).then_some(found)
}

/// The copies that the file marks as such and whose sides are half of those of the level above.
fn pyramid(bytes: &Bytes, stored: Size) -> Vec<EmbeddedThumbnail> {
    let mut found: Vec<EmbeddedThumbnail> = Vec::new();
    for location in tiff::reduced_images(bytes) {
        let above = found.last().map_or(stored, |level| level.size);
        let Some(level) = open(bytes, location) else { return found };
        let halved = |side: u32, above: u32| side.abs_diff(above / 2) <= ROUNDING;
        if !halved(level.size.width, above.width) || !halved(level.size.height, above.height) {
            // a thumbnail that was cropped or padded differently
            return found;
        }
        found.push(level);
    }
    found
}
