//! What an answer carries beside its pixels: what the original carried, without what is no longer so.
//!
//! libvips writes EXIF of its own making into every file, with tags that no original had. Hence EXIF is left out when it
//! encodes, and the original's block is edited and put in here.

mod avif;
pub mod exif;
pub mod jpeg;
mod photoshop;
mod png;
mod webp;
pub mod xmp;

use std::borrow::Cow;

use bytes::Bytes;
use vips::{Image, Result};

use self::exif::{PREFIX, Strip};
use crate::format::OutputFormat;

/// Blocks in libvips' metadata.
const EXIF: &std::ffi::CStr = c"exif-data";
const PROFILE: &std::ffi::CStr = c"icc-profile-data";
const XMP: &std::ffi::CStr = c"xmp-data";
const PHOTOSHOP: &std::ffi::CStr = c"iptc-data";

/// What is no longer so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outdated {
    /// The orientation was applied.
    pub orientation: bool,
    /// Pixels are others than the original's: a thumbnail would show what was cut off or made unrecognisable.
    pub pixels: bool,
    /// Colours were those of a profile, and are sRGB where the answer has none.
    pub colours: bool,
}

/// The picture with blocks that say nothing that is no longer so. A block that cannot be read goes.
pub fn update(image: &Image, outdated: Outdated) -> Result<Image> {
    let removed = Strip { orientation: outdated.orientation, thumbnail: outdated.pixels };
    let own = image.block(EXIF).map(|block| block.strip_prefix(PREFIX).unwrap_or(block));
    let exif = own.map(|block| {
        let edited = exif::strip(block, removed)?;
        let is_srgb = outdated.colours && !image.has(PROFILE);
        let camera = exif::with_dimensions(edited.clone(), image.width(), image.page_height(), is_srgb);
        Some([PREFIX, &camera.unwrap_or(edited)].concat())
    });
    // TIFF has its orientation among what says how it is stored
    let own_orientation = image.int(c"orientation").filter(|tag| {
        let is_said = image.block(XMP).is_some_and(xmp::has_orientation);
        !outdated.orientation && own.is_none() && (2..=8).contains(tag) && !is_said
    });
    let stated = own_orientation.map(|tag| Some([PREFIX, &exif::with_orientation(tag as u16)].concat()));
    let exif = exif.or(stated);
    let xmp = image.block(XMP).map(|packet| stripped_xmp(packet, outdated));
    let photoshop = image.block(PHOTOSHOP).filter(|_| outdated.pixels).map(photoshop::without_thumbnails);
    image.edit(|edit| {
        if outdated.orientation {
            edit.remove(c"orientation");
            edit.remove(c"exif-ifd0-Orientation");
            edit.remove(c"exif-ifd1-Orientation");
        }
        for (name, block) in [(EXIF, exif), (PHOTOSHOP, photoshop)] {
            match block {
                Some(Some(block)) => edit.set_block(name, &block),
                Some(None) => edit.remove(name),
                None => {}
            }
        }
        if let Some(Cow::Owned(xmp)) = xmp {
            edit.set_block(XMP, &xmp);
        }
    })
}

fn stripped_xmp(packet: &[u8], outdated: Outdated) -> Cow<'_, [u8]> {
    let names = [
        xmp::FILE_PARTS,
        if outdated.orientation { xmp::ORIENTATION } else { &[] },
        if outdated.pixels { xmp::EMBEDDED_IMAGES } else { &[] },
    ];
    xmp::strip_properties(packet, &names.concat())
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
        OutputFormat::Avif => avif::with_exif(&encoded, block),
        OutputFormat::Gif | OutputFormat::Mp4 => encoded,
    }
}
