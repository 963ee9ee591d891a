//! What libvips writes as metadata: one pixel with the metadata of an image, encoded by libvips.

use std::{cell::RefCell, ffi::CStr};

use bytes::Bytes;
use vips::{Image, Interpretation, Keep, Result};

use crate::format::OutputFormat;

/// Items of metadata that describe how an original was stored: no encoder of libvips writes them.
const UNWRITTEN: [&CStr; 27] = [
    c"width",
    c"height",
    c"bands",
    c"format",
    c"coding",
    c"interpretation",
    c"xoffset",
    c"yoffset",
    c"xres",
    c"yres",
    c"filename",
    c"vips-loader",
    c"vips-sequential",
    c"bits-per-sample",
    c"interlaced",
    c"palette",
    c"jpeg-multiscan",
    c"jpeg-chroma-subsample",
    c"heif-primary",
    c"heif-compression",
    c"heif-bitdepth",
    c"n-pages",
    c"page-height",
    c"loop",
    c"delay",
    c"gif-loop",
    c"gif-delay",
];

/// The name of the item that is written beside those of blocks: the unit of the resolution.
const UNIT: &CStr = c"resolution-unit";

/// What the file depends on if the image has no item that is written but the unit.
#[derive(PartialEq)]
struct Key {
    format: OutputFormat,
    keep: Keep,
    bands: u32,
    interpretation: Interpretation,
    resolution: (f64, f64),
    unit: Option<String>,
}

thread_local! {
    /// The last file of an image without metadata, which the next one is mostly like.
    static LAST: RefCell<Option<(Key, Bytes)>> = const { RefCell::new(None) };
}

/// Encodes the pixel by `save`, in a format and keeping what `keep` says.
///
/// # Errors
///
/// As of the encoders of libvips.
pub fn encoded(
    image: &Image,
    format: OutputFormat,
    keep: Keep,
    save: impl FnOnce(&Image) -> Result<Bytes>,
) -> Result<Bytes> {
    let is_unwritten = |name: &CStr| name == UNIT || UNWRITTEN.contains(&name);
    if !image.fields().iter().all(|name| is_unwritten(name)) {
        return save(&image.carrier()?);
    }
    let key = Key {
        format,
        keep,
        bands: image.bands(),
        interpretation: image.interpretation(),
        resolution: image.resolution(),
        unit: image.text(UNIT),
    };
    let known =
        LAST.with_borrow(|last| last.as_ref().filter(|(of, _)| *of == key).map(|(_, file)| file.clone()));
    if let Some(file) = known {
        return Ok(file);
    }
    let file = save(&image.carrier()?)?;
    LAST.set(Some((key, file.clone())));
    Ok(file)
}
