//! What an answer carries beside its pixels: what the original carried, without what is no longer so.
//!
//! libvips writes EXIF of its own making into every file, with tags that no original had. Hence EXIF is left out when it
//! encodes, and the original's block is edited and put in here.

mod avif;
pub mod exif;
pub mod jpeg;
mod png;
mod webp;
pub mod xmp;

use bytes::Bytes;
use vips::{Image, Result};

use self::exif::{PREFIX, Removed};
use crate::plan::format::OutputFormat;

/// Blocks in libvips' metadata.
const EXIF: &std::ffi::CStr = c"exif-data";
const XMP: &std::ffi::CStr = c"xmp-data";

/// What is no longer so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outdated {
    /// The orientation was applied.
    pub orientation: bool,
    /// Pixels are others than the original's: a thumbnail would show what was cut off or made unrecognisable.
    pub pixels: bool,
}

/// The picture with blocks that say nothing that is no longer so. A block that cannot be read goes.
pub fn updated(image: &Image, outdated: Outdated) -> Result<Image> {
    let removed = Removed { orientation: outdated.orientation, thumbnail: outdated.pixels };
    let own = image.block(EXIF).map(|block| block.strip_prefix(PREFIX).unwrap_or(block));
    let exif = own.map(|block| {
        let edited = exif::without(block, removed)?;
        let sides =
            outdated.pixels.then(|| exif::with_sides(edited.clone(), image.width(), image.page_height()));
        Some([PREFIX, &sides.flatten().unwrap_or(edited)].concat())
    });
    let xmp = image.block(XMP).filter(|_| outdated.orientation).map(xmp::without_orientation);
    image.edit(|edit| {
        if outdated.orientation {
            edit.remove(c"orientation");
            edit.remove(c"exif-ifd0-Orientation");
            edit.remove(c"exif-ifd1-Orientation");
        }
        match exif {
            Some(Some(block)) => edit.set_block(EXIF, &block),
            Some(None) => edit.remove(EXIF),
            None => {}
        }
        if let Some(xmp) = xmp {
            edit.set_block(XMP, &xmp);
        }
    })
}

/// Whether the picture carries EXIF.
pub fn has_exif(image: &Image) -> bool {
    image.has(EXIF)
}

/// The encoded picture with its EXIF.
pub fn with_exif(encoded: Bytes, image: &Image, format: OutputFormat) -> Bytes {
    let Some(block) = image.block(EXIF) else { return encoded };
    let block = block.strip_prefix(PREFIX).unwrap_or(block);
    match format {
        OutputFormat::Jpeg => jpeg::with_exif(&encoded, block),
        OutputFormat::Png => png::with_exif(&encoded, block),
        OutputFormat::Webp => webp::with_exif(&encoded, block, (image.width(), image.page_height())),
        // written by the encoder's library
        OutputFormat::Avif if image.has(c"orientation") => encoded,
        OutputFormat::Avif => avif::without_orientation(&encoded),
        OutputFormat::Gif | OutputFormat::Mp4 => encoded,
    }
}
