//! Smaller copies of the picture that some files carry beside it: AVIF thumbnails, levels of pyramidal TIFF.

use bytes::Bytes;
use vips::{Access, Image, Loader};

use crate::{size::Size, source::SourceFormat};

/// A smaller copy of the whole picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reduction {
    /// Its size.
    pub size: Size,
    /// How it is opened.
    pub loader: Loader,
}

/// Levels of a pyramid that are looked for; each halves the sides, so this many end at a pixel.
const MAX_LEVELS: u32 = 16;

/// Pixels by which a level may differ from half of the one before it, by rounding up at each.
const ROUNDING: u32 = 2;

/// How far the shape of a thumbnail may be from the picture's; one that was cut or framed otherwise is not used.
const SHAPE_TOLERANCE: f64 = 0.01;

/// The copies that a file carries, from the largest to the smallest.
pub fn find(format: SourceFormat, bytes: &Bytes, image: &Image) -> Vec<Reduction> {
    let stored = Size { width: image.width(), height: image.height() };
    match format {
        SourceFormat::Heif => thumbnail(bytes, stored).into_iter().collect(),
        SourceFormat::Tiff => pyramid(bytes, image, stored),
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

/// Levels in sub-directories of the first page, or in the pages after it.
fn pyramid(bytes: &Bytes, image: &Image, stored: Size) -> Vec<Reduction> {
    let count = |name| image.int(name).unwrap_or(0).max(0) as u32;
    let levels: Vec<Loader> = if count(c"n-subifds") > 0 {
        (0..count(c"n-subifds").min(MAX_LEVELS))
            .map(|level| Loader::Tiff { page: 0, subifd: Some(level) })
            .collect()
    } else {
        (1..count(c"n-pages").min(MAX_LEVELS)).map(|page| Loader::Tiff { page, subifd: None }).collect()
    };
    let mut found: Vec<Reduction> = Vec::new();
    for loader in levels {
        let above = found.last().map_or(stored, |level| level.size);
        let Some(level) = open(bytes, loader) else { return Vec::new() };
        let halved = |side: u32, above: u32| side.abs_diff(above / 2) <= ROUNDING;
        if !halved(level.size.width, above.width) || !halved(level.size.height, above.height) {
            // pages of a document rather than levels of a pyramid
            return Vec::new();
        }
        found.push(level);
    }
    found
}
