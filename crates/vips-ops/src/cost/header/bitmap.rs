//! BMP and ICO.

use super::{png, scanned::ScannedHeader};
use crate::source::{byte_reader, ico::IcoImage};

/// Length of the oldest info header (`BITMAPCOREHEADER`), which has 16-bit sides.
const OLDEST: u32 = 12;

/// Scans a BMP info header; a top-down bitmap has a negative height.
pub fn bmp(bytes: &[u8]) -> Option<ScannedHeader> {
    let (width, height, bits) = if byte_reader::le32(bytes, 14)? == OLDEST {
        (
            byte_reader::le16(bytes, 18)?.into(),
            byte_reader::le16(bytes, 20)?.into(),
            byte_reader::le16(bytes, 24)?,
        )
    } else {
        let height = byte_reader::le32(bytes, 22)? as i32;
        (byte_reader::le32(bytes, 18)?, height.unsigned_abs(), byte_reader::le16(bytes, 28)?)
    };
    Some(ScannedHeader::still(width, height).alpha(bits == 32))
}

/// Scans an icon directory and takes the entry that the decoder takes.
pub fn ico(bytes: &[u8]) -> Option<ScannedHeader> {
    let best = IcoImage::best(bytes)?;
    // an icon may contain a PNG, whose own header counts
    let inside = best.png().and_then(png::scan).map(|found| ScannedHeader { codec: None, ..found });
    let stated = ScannedHeader::still(best.width, best.height).alpha(true);
    Some(inside.map_or(stated, |found| ScannedHeader { pixel_bytes: 4, ..found }.alpha(true)))
}
