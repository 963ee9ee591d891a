//! PNG: the chunks before the pixels. An APNG counts as its first frame.

use super::scanned::ScannedHeader;
use crate::source::{Codec, Profile, Storage, byte_reader, ifd, png};

/// Passes of Adam7 interlacing (PNG, 8.1).
const PASSES: u32 = 7;

/// Scans header, transparency, EXIF orientation and presence of a profile.
pub fn scan(bytes: &[u8]) -> Option<ScannedHeader> {
    let (width, height) = (byte_reader::be32(bytes, 16)?, byte_reader::be32(bytes, 20)?);
    let (depth, kind, interlace) =
        (byte_reader::byte(bytes, 24)?, byte_reader::byte(bytes, 25)?, byte_reader::byte(bytes, 28)?);
    let mut found = ScannedHeader {
        passes: if interlace == 0 { 1 } else { PASSES },
        ..ScannedHeader::still(width, height)
    };
    // colour types (PNG, 11.2.2): bit 1 is colour, bit 2 alpha, 3 a palette
    let colours = if kind & 2 == 0 { 1 } else { 3 };
    found.alpha = kind & 4 != 0;
    found.storage = if kind == 3 || depth < 8 { Storage::Indexed } else { Storage::Direct };
    for (name, body) in png::chunks(bytes) {
        match &name {
            b"tRNS" => found.alpha = true,
            // compressed: the profile cannot be identified
            b"iCCP" => found.profile = Profile::Foreign,
            b"eXIf" => found.orientation = ifd::orientation(body),
            _ => {}
        }
    }
    found.codec = (codecs::PNG.takes)(bytes).map(|_| Codec::Png);
    let bands = colours + u32::from(found.alpha);
    found.pixel_bytes = if depth > 8 { 2 * bands } else { bands };
    Some(found)
}
