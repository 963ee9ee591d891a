//! Smaller copies of the picture that some files carry beside it: AVIF thumbnails, levels of pyramidal TIFF.

use bytes::Bytes;
use vips::{Access, Image, Loader};

use crate::{
    size::Size,
    source::{SourceFormat, tiff},
};

/// A smaller copy of the whole picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reduction {
    /// Its size.
    pub size: Size,
    /// How it is opened.
    pub loader: Loader,
}

/// Pixels by which a level may differ from half of the one before it, by rounding up at each.
const ROUNDING: u32 = 2;

/// How far the shape of a thumbnail may be from the picture's; one that was cut or framed otherwise is not used.
const SHAPE_TOLERANCE: f64 = 0.01;

/// The copies that a file carries, from the largest to the smallest.
pub fn find(format: SourceFormat, bytes: &Bytes, image: &Image) -> Vec<Reduction> {
    let stored = Size { width: image.width(), height: image.height() };
    match format {
        SourceFormat::Heif => thumbnail(bytes, stored).into_iter().collect(),
        SourceFormat::Tiff => pyramid(bytes, stored),
        _ => Vec::new(),
    }
}

fn open(bytes: &Bytes, loader: Loader) -> Option<Reduction> {
    let image = Image::load(bytes, &loader, Access::Sequential).ok()?;
    Some(Reduction { size: Size { width: image.width(), height: image.height() }, loader })
}

fn thumbnail(bytes: &Bytes, stored: Size) -> Option<Reduction> {
    let found = open(bytes, Loader::Heif { thumbnail: true })?;
    let shape = |size: Size| f64::from(size.width) / f64::from(size.height);
    let alike = (shape(found.size) / shape(stored) - 1.0).abs() <= SHAPE_TOLERANCE;
    (alike && found.size.width < stored.width).then_some(found)
}

/// The copies that the file marks as such and whose sides are halves of those above them.
fn pyramid(bytes: &Bytes, stored: Size) -> Vec<Reduction> {
    let mut found: Vec<Reduction> = Vec::new();
    for loader in tiff::copies(bytes) {
        let above = found.last().map_or(stored, |level| level.size);
        let Some(level) = open(bytes, loader) else { return found };
        let halved = |side: u32, above: u32| side.abs_diff(above / 2) <= ROUNDING;
        if !halved(level.size.width, above.width) || !halved(level.size.height, above.height) {
            // a thumbnail that was cut or framed otherwise
            return found;
        }
        found.push(level);
    }
    found
}
