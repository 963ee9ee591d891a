//! Metadata embedded in the output: EXIF, XMP and IPTC of the original, edited so that nothing in them is out of date.
//!
//! libvips writes EXIF of its own into every file, with tags that the original did not have. Therefore EXIF is left out
//! when libvips encodes; the original's block is edited here and inserted into the encoded file.

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

/// Names of the metadata blocks in libvips.
const EXIF: &std::ffi::CStr = c"exif-data";
const PROFILE: &std::ffi::CStr = c"icc-profile-data";
const XMP: &std::ffi::CStr = c"xmp-data";
const PHOTOSHOP: &std::ffi::CStr = c"iptc-data";

/// What the processing has made out of date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outdated {
    /// The orientation was applied to the pixels.
    pub orientation: bool,
    /// The pixels differ from the original's: a thumbnail would show what was cropped away or made unrecognisable.
    pub pixels: bool,
    /// Colours were converted from another profile to sRGB, where the output has no profile.
    pub colours: bool,
}

/// Returns the image with edited metadata blocks. A block that cannot be parsed is removed.
pub fn update(image: &Image, outdated: Outdated) -> Result<Image> {
    let removed = Strip { orientation: outdated.orientation, thumbnail: outdated.pixels };
    let own = image.block(EXIF).map(|block| block.strip_prefix(PREFIX).unwrap_or(block));
    let exif = own.map(|block| {
        let edited = exif::strip(block, removed)?;
        let is_srgb = outdated.colours && !image.has(PROFILE);
        let camera = exif::with_dimensions(edited.clone(), image.width(), image.page_height(), is_srgb);
        Some([PREFIX, &camera.unwrap_or(edited)].concat())
    });
    // in a TIFF the orientation is a tag of the file itself, not of an EXIF block
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

/// Whether the image has an EXIF block.
pub fn has_exif(image: &Image) -> bool {
    image.has(EXIF)
}

/// Inserts the image's EXIF block into the encoded file.
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
