//! Directories of TIFF, in which EXIF keeps its tags too.

use super::read;
use crate::orientation::Orientation;

/// Most entries of a directory that are looked at; real ones have dozens.
const MAX_ENTRIES: u16 = 512;

/// The tag of the orientation (TIFF 6.0, Exif 2.3).
pub const ORIENTATION: u16 = 274;

/// What EXIF blocks begin with inside JPEG, and in some other containers.
const EXIF: &[u8] = b"Exif\0\0";

/// The first directory of a TIFF.
pub struct Directory<'a> {
    bytes: &'a [u8],
    little: bool,
    entries: &'a [u8],
}

impl<'a> Directory<'a> {
    /// Opens the first directory.
    pub fn first(bytes: &'a [u8]) -> Option<Self> {
        let little = match bytes.get(..4)? {
            [b'I', b'I', 42, 0] => true,
            [b'M', b'M', 0, 42] => false,
            _ => return None,
        };
        let plain = Self { bytes, little, entries: &[] };
        let at = plain.long(4)? as usize;
        let count = plain.short(at)?.min(MAX_ENTRIES);
        let entries = read::part(bytes, at.checked_add(2)?, usize::from(count) * 12);
        Some(Self { entries, ..plain })
    }

    /// Whether a tag is there, whatever its value.
    pub fn has(&self, wanted: u16) -> bool {
        self.entries.chunks_exact(12).any(|entry| {
            let tag = [entry[0], entry[1]];
            wanted == if self.little { u16::from_le_bytes(tag) } else { u16::from_be_bytes(tag) }
        })
    }

    fn short(&self, at: usize) -> Option<u16> {
        if self.little { read::le16(self.bytes, at) } else { read::be16(self.bytes, at) }
    }

    fn long(&self, at: usize) -> Option<u32> {
        if self.little { read::le32(self.bytes, at) } else { read::be32(self.bytes, at) }
    }

    /// How many values a tag has, and the first of them, when it is a whole number.
    pub fn tag(&self, wanted: u16) -> Option<(u32, u32)> {
        let order = |bytes: [u8; 2]| {
            if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
        };
        let order_long = |bytes: [u8; 4]| {
            if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
        };
        let found = self.entries.chunks_exact(12).find(|entry| order([entry[0], entry[1]]) == wanted)?;
        let kind = order([found[2], found[3]]);
        let count = order_long(read::array(found, 4)?);
        let offset = order_long(read::array(found, 8)?) as usize;
        let value = match kind {
            1 => u32::from(found[8]),
            3 if count <= 2 => order([found[8], found[9]]).into(),
            3 => self.short(offset)?.into(),
            4 if count == 1 => offset as u32,
            4 => self.long(offset)?,
            _ => return None,
        };
        Some((count, value))
    }

    /// The first value of a tag.
    pub fn value(&self, wanted: u16) -> Option<u32> {
        self.tag(wanted).map(|(_, value)| value)
    }
}

/// The orientation in an EXIF block; upright if it says nothing.
pub fn orientation(block: &[u8]) -> Orientation {
    let block = block.strip_prefix(EXIF).unwrap_or(block);
    let tag = Directory::first(block).and_then(|directory| directory.value(ORIENTATION));
    Orientation::from_exif(tag.map_or(1, |tag| tag as i32))
}

/// Whether a block of a JPEG is EXIF.
pub fn is_exif(block: &[u8]) -> bool {
    block.starts_with(EXIF)
}
