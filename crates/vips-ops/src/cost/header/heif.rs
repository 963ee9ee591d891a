//! AVIF: the boxes of the container that tell the primary picture's size.

use super::{Found, read};
use crate::{size::Size, source::Profile};

/// Most boxes that are looked at, of all levels together.
const MAX_BOXES: usize = 4096;

/// What the type of an auxiliary picture ends with when it is the alpha plane (MIAF, 7.3.5.2).
const ALPHA: &[u8] = b"auxid:1";
const ALPHA_LONG: &[u8] = b"auxiliary:alpha";

/// Reads the properties of the primary item: size, crop and quarter turns; and whether anything is an alpha plane.
pub fn scan(bytes: &[u8]) -> Option<Found> {
    let mut left = MAX_BOXES;
    // the first four bytes of a full box are its version and flags
    let meta = child(bytes, *b"meta", &mut left)?.get(4..)?;
    let properties = child(meta, *b"iprp", &mut left)?;
    let container = child(properties, *b"ipco", &mut left)?;
    let owned = primary(meta, &mut left)
        .and_then(|item| associations(child(properties, *b"ipma", &mut left)?, item))
        .unwrap_or_default();
    let all: Vec<([u8; 4], &[u8])> = Boxes { bytes: container, left: &mut left }.collect();
    let alpha = all.iter().any(|(name, body)| name == b"auxC" && is_alpha(body));
    let of_primary = |index: usize| owned.is_empty() || owned.contains(&(index + 1));
    let mut found: Option<Found> = None;
    for (_, (name, body)) in all.iter().enumerate().filter(|(index, _)| of_primary(*index)) {
        match (name, &mut found) {
            // without associations the largest of all
            (b"ispe", before) => {
                let size = extent(body)?;
                if before.is_none_or(|before| before.size.pixels() < size.pixels()) {
                    *before = Some(Found::still(size.width, size.height).alpha(alpha));
                }
            }
            (b"clap", Some(found)) => found.size = aperture(body).unwrap_or(found.size),
            (b"irot", Some(found)) if read::byte(body, 0).is_some_and(|turns| turns & 1 == 1) => {
                found.size = Size { width: found.size.height, height: found.size.width };
            }
            (b"colr", Some(found)) if body.starts_with(b"prof") || body.starts_with(b"rICC") => {
                found.profile = Profile::Foreign;
            }
            _ => {}
        }
    }
    found
}

/// Width and height of `ispe`.
fn extent(body: &[u8]) -> Option<Size> {
    Some(Size { width: read::be32(body, 4)?, height: read::be32(body, 8)? })
}

/// Width and height of a clean aperture, each a fraction.
fn aperture(body: &[u8]) -> Option<Size> {
    let side = |at| {
        let (above, below) = (read::be32(body, at)?, read::be32(body, at + 4)?);
        above.checked_div(below).filter(|side| *side > 0)
    };
    Some(Size { width: side(0)?, height: side(8)? })
}

fn is_alpha(body: &[u8]) -> bool {
    let text = body.get(4..).unwrap_or_default();
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    text.ends_with(ALPHA) || text.ends_with(ALPHA_LONG)
}

/// The number of the primary item.
fn primary(meta: &[u8], left: &mut usize) -> Option<u32> {
    let body = child(meta, *b"pitm", left)?;
    if read::byte(body, 0)? == 0 { read::be16(body, 4).map(u32::from) } else { read::be32(body, 4) }
}

/// The properties of an item, counted from 1.
fn associations(body: &[u8], wanted: u32) -> Option<Vec<usize>> {
    let (version, wide) = (read::byte(body, 0)?, read::byte(body, 3)? & 1 == 1);
    let count = read::be32(body, 4)?;
    let mut at = 8;
    for _ in 0..count.min(MAX_BOXES as u32) {
        let item = if version == 0 { read::be16(body, at)?.into() } else { read::be32(body, at)? };
        at += if version == 0 { 2 } else { 4 };
        let indices = usize::from(read::byte(body, at)?);
        at += 1;
        let step = if wide { 2 } else { 1 };
        if item == wanted {
            // the highest bit says that the property is essential
            let index = |number: usize| {
                let at = at + number * step;
                let wide_index = read::be16(body, at).map(|index| usize::from(index & 0x7fff));
                if wide { wide_index } else { read::byte(body, at).map(|index| usize::from(index & 0x7f)) }
            };
            return (0..indices).map(index).collect();
        }
        at += indices * step;
    }
    None
}

/// The body of the first box of a name.
fn child<'a>(bytes: &'a [u8], name: [u8; 4], left: &mut usize) -> Option<&'a [u8]> {
    Boxes { bytes, left }.find(|(found, _)| *found == name).map(|(_, body)| body)
}

/// The boxes of one level.
struct Boxes<'a, 'b> {
    bytes: &'a [u8],
    left: &'b mut usize,
}

impl<'a> Iterator for Boxes<'a, '_> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        *self.left = self.left.checked_sub(1)?;
        let name = read::array(self.bytes, 4)?;
        // 0 goes to the end, and 1 means that 64 bits follow (ISO/IEC 14496-12, 4.2)
        let (head, length) = match read::be32(self.bytes, 0)? {
            0 => (8, self.bytes.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(read::array(self.bytes, 8)?)).ok()?),
            length => (8, length as usize),
        };
        let length = length.max(head);
        let body = read::part(self.bytes, head, length - head);
        self.bytes = self.bytes.get(length..).unwrap_or_default();
        Some((name, body))
    }
}
