//! BMP and ICO.

use super::{Found, png};
use crate::source::{icon::Icon, read};

/// Length of the oldest information header, which has sides of 16 bits.
const OLDEST: u32 = 12;

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

/// Reads the directory and takes the entry that the decoder takes.
pub fn ico(bytes: &[u8]) -> Option<Found> {
    let best = Icon::best(bytes)?;
    // icons may hold whole PNGs, whose own header counts
    let inside = best.png().and_then(png::scan);
    let stated = Found::still(best.width, best.height).alpha(true);
    Some(inside.map_or(stated, |found| Found { pixel_bytes: 4, ..found }.alpha(true)))
}
