//! BMP and ICO.

use super::{Found, png};
use crate::source::read;

/// Length of the oldest information header, which has sides of 16 bits.
const OLDEST: u32 = 12;

/// Bytes of an icon's header and of an entry of its directory.
const ICON_HEADER: usize = 6;
const ICON_ENTRY: usize = 16;

/// Most entries of a directory that are looked at.
const MAX_ENTRIES: usize = 256;

/// What a side of 0 means in a directory.
const LARGEST: u32 = 256;

/// Reads the information header; rows from the top have a negative height.
pub fn bmp(bytes: &[u8]) -> Option<Found> {
    let (width, height, bits) = if read::le32(bytes, 14)? == OLDEST {
        (read::le16(bytes, 18)?.into(), read::le16(bytes, 20)?.into(), read::le16(bytes, 24)?)
    } else {
        let height = read::le32(bytes, 22)? as i32;
        (read::le32(bytes, 18)?, height.unsigned_abs(), read::le16(bytes, 28)?)
    };
    Some(Found::still(width, height).alpha(bits == 32))
}

/// Reads the directory; the best entry has the most bits, and of these the most pixels, as for the decoder.
pub fn ico(bytes: &[u8]) -> Option<Found> {
    let count = usize::from(read::le16(bytes, 4)?).min(MAX_ENTRIES);
    let entries = read::part(bytes, ICON_HEADER, count * ICON_ENTRY).chunks_exact(ICON_ENTRY);
    let side = |side: u8| if side == 0 { LARGEST } else { side.into() };
    let score = |entry: &&[u8]| {
        let bits = u16::from_le_bytes([entry[6], entry[7]]);
        (bits, side(entry[0]) * side(entry[1]))
    };
    let best = entries.rev().max_by_key(score)?;
    let at = read::le32(best, 12)? as usize;
    // icons may hold whole PNGs, whose own header counts
    let inside = bytes.get(at..).filter(|inside| inside.starts_with(b"\x89PNG")).and_then(png::scan);
    let stated = Found::still(side(best[0]), side(best[1])).alpha(true);
    Some(inside.map_or(stated, |found| Found { pixel_bytes: 4, ..found }.alpha(true)))
}
