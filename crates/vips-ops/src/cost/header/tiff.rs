//! TIFF: the first IFD.

use super::scanned::ScannedHeader;
use crate::{
    orientation::Orientation,
    source::{
        Profile,
        ifd::{Ifd, ORIENTATION},
    },
};

/// Tags (TIFF 6.0).
const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const PHOTOMETRIC: u16 = 262;
const SAMPLES: u16 = 277;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const ICC: u16 = 34_675;

/// Photometric interpretation of a palette, which is decoded to RGB.
const PALETTE: u32 = 3;

/// Sample format of unsigned integers, and the most bits that are used directly; other samples are scanned for their
/// range first (`source/samples.rs`).
const UNSIGNED: u32 = 1;
const PLAIN_BITS: u32 = 16;

/// Scans size, sample layout and orientation.
pub fn scan(bytes: &[u8]) -> Option<ScannedHeader> {
    let directory = Ifd::first(bytes)?;
    let (width, height) = (directory.value(WIDTH)?, directory.value(HEIGHT)?);
    let samples = directory.value(SAMPLES).unwrap_or(1).clamp(1, 64);
    let samples = if directory.value(PHOTOMETRIC) == Some(PALETTE) { samples.max(3) } else { samples };
    let bits = directory.value(BITS).unwrap_or(1).clamp(1, 64);
    let plain = directory.value(SAMPLE_FORMAT).unwrap_or(UNSIGNED) == UNSIGNED && bits <= PLAIN_BITS;
    let has_profile = directory.has(ICC);
    let tag = directory.value(ORIENTATION).map_or(1, |tag| tag as i32);
    Some(ScannedHeader {
        orientation: Orientation::from_exif(tag),
        alpha: directory.has(EXTRA_SAMPLES),
        profile: if has_profile { Profile::Foreign } else { Profile::Srgb },
        pixel_bytes: samples * bits.div_ceil(8),
        passes: if plain { 1 } else { 2 },
        ..ScannedHeader::still(width, height)
    })
}
