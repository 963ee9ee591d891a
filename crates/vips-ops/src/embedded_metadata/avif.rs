//! EXIF in an AVIF: an item of the file (ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12, A.2.1).
//!
//! libvips and libheif rewrite the block: they add tags that the original did not have and drop maker notes. So the
//! item's location is pointed to the original's block, which is appended to the file.

use std::ops::Range;

use bytes::Bytes;

/// Bytes of a box header (length and name), and of version and flags, which follow in a full box.
const BEFORE: usize = 8;
const VERSION: usize = 4;
/// Prefix of an EXIF item: the number of bytes between it and the TIFF header.
const OFFSET: [u8; 4] = [0; 4];

/// Replaces the EXIF item of a file written by libheif. `exif` begins with the TIFF header. Returns the file unchanged
/// if its EXIF item cannot be found.
pub fn with_exif(file: &Bytes, exif: &[u8]) -> Bytes {
    replace_item(file, exif).map_or_else(|| file.clone(), Bytes::from)
}

fn replace_item(file: &[u8], exif: &[u8]) -> Option<Vec<u8>> {
    let meta = find_box(file, 0..file.len(), *b"meta")?;
    let meta = meta.start + VERSION..meta.end;
    let item = exif_item(file, find_box(file, meta.clone(), *b"iinf")?)?;
    let place = item_location(file, find_box(file, meta, *b"iloc")?, item)?;
    let own = place.base.checked_add(number(file, place.offset.clone())?)?;
    let old = own..own.checked_add(number(file, place.length.clone())?)?;
    let (name, last) = boxes(file, 0..file.len()).last()?;
    let mut out = file.to_vec();
    // extends the last `mdat` box if the old item ends it, else appends a new `mdat` box
    let data = if name == *b"mdat" && last.contains(&own) && old.end == file.len() {
        out.truncate(own);
        last.start - BEFORE
    } else {
        out.get_mut(old)?.fill(0);
        out.extend_from_slice(b"\0\0\0\0mdat");
        file.len()
    };
    let start = out.len();
    set_number(&mut out, place.offset, start.checked_sub(place.base)?)?;
    set_number(&mut out, place.length, OFFSET.len() + exif.len())?;
    out.extend_from_slice(&OFFSET);
    out.extend_from_slice(exif);
    let length = out.len() - data;
    set_number(&mut out, data..data + 4, length)?;
    Some(out)
}

/// Iterates over boxes: their names and the ranges of their bodies.
fn boxes(file: &[u8], range: Range<usize>) -> impl Iterator<Item = ([u8; 4], Range<usize>)> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        let length = number(file, at..at + 4)?;
        let name = *file.get(at + 4..at + BEFORE)?.first_chunk()?;
        // libheif writes neither 64-bit lengths nor boxes that extend to the end of the file
        let body = at + BEFORE..at.checked_add(length).filter(|end| length >= BEFORE && *end <= range.end)?;
        at = body.end;
        Some((name, body))
    })
}

fn find_box(file: &[u8], range: Range<usize>, wanted: [u8; 4]) -> Option<Range<usize>> {
    boxes(file, range).find(|(name, _)| *name == wanted).map(|(_, body)| body)
}

/// The identifier of the EXIF item.
fn exif_item(file: &[u8], iinf: Range<usize>) -> Option<usize> {
    let count = if file.get(iinf.start)? == &0 { 2 } else { 4 };
    boxes(file, iinf.start + VERSION + count..iinf.end).find_map(|(_, entry)| {
        // version 2 has 16-bit identifiers, version 3 has 32-bit ones
        let id = entry.start + VERSION;
        let id = if file.get(entry.start)? == &2 { id..id + 2 } else { id..id + 4 };
        let protection = 2;
        let kind = file.get(id.end + protection..id.end + protection + 4)?;
        (kind == b"Exif").then(|| number(file, id)).flatten()
    })
}

/// Where the file states the location of an item: `base` is added to the number at `offset`.
struct ItemLocation {
    base: usize,
    offset: Range<usize>,
    length: Range<usize>,
}

/// The location of an item that consists of one extent.
fn item_location(file: &[u8], iloc: Range<usize>, wanted: usize) -> Option<ItemLocation> {
    let version = *file.get(iloc.start)?;
    let sizes = file.get(iloc.start + VERSION..iloc.start + VERSION + 2)?;
    let [offset, length, base, index] =
        [sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4, sizes[1] & 15].map(usize::from);
    let wide = if version < 2 { 2 } else { 4 };
    let mut at = iloc.start + VERSION + 2;
    let count = number(file, at..at + wide)?;
    at += wide;
    for _ in 0..count {
        let id = number(file, at..at + wide)?;
        let method = if version == 0 { 0 } else { number(file, at + wide..at + wide + 2)? & 15 };
        at += wide + if version == 0 { 0 } else { 2 } + 2;
        let base_at = number(file, at..at + base)?;
        let extents = number(file, at + base..at + base + 2)?;
        at += base + 2;
        let index = if version == 0 { 0 } else { index };
        if id == wanted {
            let offset = at + index..at + index + offset;
            let place = ItemLocation { base: base_at, length: offset.end..offset.end + length, offset };
            let is_plain = method == 0 && extents == 1;
            return is_plain.then_some(place).filter(|place| place.length.end <= iloc.end);
        }
        at = at.checked_add(extents.checked_mul(index + offset + length)?)?;
    }
    None
}

/// Reads a big-endian number as long as the range, at most 8 bytes.
fn number(file: &[u8], range: Range<usize>) -> Option<usize> {
    let bytes = file.get(range).filter(|bytes| bytes.len() <= 8)?;
    usize::try_from(bytes.iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte))).ok()
}

fn set_number(file: &mut [u8], range: Range<usize>, value: usize) -> Option<()> {
    let bytes = (value as u64).to_be_bytes();
    let (zeros, bytes) = bytes.split_at(bytes.len().checked_sub(range.len())?);
    let fits = zeros.iter().all(|byte| *byte == 0) && !bytes.is_empty();
    file.get_mut(range).filter(|_| fits)?.copy_from_slice(bytes);
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(name: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        [&(body.len() as u32 + 8).to_be_bytes()[..], &name, &body].concat()
    }

    /// A file with an item of pixels, and an EXIF item after or before it.
    fn file(exif_last: bool) -> Vec<u8> {
        let entry = |id: u8, kind: [u8; 4]| made(*b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], &kind, b"\0"]);
        let iinf = made(*b"iinf", &[&[0, 0, 0, 0, 0, 2], &entry(1, *b"av01"), &entry(2, *b"Exif")]);
        // relative to a base, as libheif writes it
        let item = |id: u8, base: u8, length: u8| {
            [0, id, 0, 0, 0, 0, 0, 0, 0, base, 0, 1, 0, 0, 0, 4, 0, 0, 0, length]
        };
        let (pixels, exif) = if exif_last { (140, 144) } else { (152, 140) };
        let iloc =
            made(*b"iloc", &[&[1, 0, 0, 0, 0x44, 0x40, 0, 2], &item(1, pixels, 4), &item(2, exif, 12)]);
        let meta = made(*b"meta", &[&[0; 4], &iinf, &iloc]);
        let mut data = [&b"PIXE"[..], b"\0\0\0\0MM\0*junk"];
        if !exif_last {
            data.reverse();
        }
        let file = [made(*b"ftyp", &[b"avif"]), meta, made(*b"mdat", &data)].concat();
        assert_eq!(file.len(), 160, "the item locations are relative to this layout");
        file
    }

    #[test]
    fn the_item_points_to_the_inserted_block() {
        for exif_last in [true, false] {
            let file = file(exif_last);
            let item = |file: &[u8], id| {
                let meta = find_box(file, 0..file.len(), *b"meta").unwrap();
                let iloc = find_box(file, meta.start + VERSION..meta.end, *b"iloc").unwrap();
                let place = item_location(file, iloc, id).unwrap();
                let start = place.base + number(file, place.offset).unwrap();
                file[start..start + number(file, place.length).unwrap()].to_vec()
            };
            assert_eq!(item(&file, 1), b"PIXE");
            let with = with_exif(&file.clone().into(), b"II*\0block");
            assert_eq!((item(&with, 1), item(&with, 2)), (b"PIXE".to_vec(), b"\0\0\0\0II*\0block".to_vec()));
            assert!(!with.windows(4).any(|part| part == b"junk"));
            let (_, last) = boxes(&with, 0..with.len()).last().unwrap();
            assert_eq!(last.end, with.len(), "boxes are complete");
            assert_eq!(with.len(), if exif_last { 161 } else { 181 });
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(noise: Vec<u8>, at in 0..160usize, value: u8, last: bool) {
            let _ = replace_item(&noise, b"II*\0");
            let mut file = file(last);
            file[at] = value;
            let _ = replace_item(&file, b"II*\0");
        }
    }
}
