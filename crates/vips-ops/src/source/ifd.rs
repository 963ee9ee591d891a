//! Image file directories (IFDs) of TIFF and `BigTIFF`, in which EXIF stores its tags too.

use super::byte_reader;
use crate::orientation::Orientation;

/// Most entries of an IFD that are searched; real ones have dozens.
const MAX_ENTRIES: u64 = 512;

/// Orientation tag (TIFF 6.0, Exif 2.3).
pub const ORIENTATION: u16 = 274;

/// Prefix of EXIF blocks in JPEG and some other containers.
const EXIF: &[u8] = b"Exif\0\0";

/// Byte order and word size of a file.
#[derive(Debug, Clone, Copy)]
struct Layout {
    little: bool,
    /// `BigTIFF`: 64-bit counts and offsets.
    big: bool,
}

impl Layout {
    /// Bytes of an entry.
    fn entry(self) -> usize {
        if self.big { 20 } else { 12 }
    }

    fn word(self) -> usize {
        if self.big { 8 } else { 4 }
    }

    /// An unsigned integer of `width` bytes.
    fn number(self, bytes: &[u8], at: usize, width: usize) -> Option<u64> {
        let part = bytes.get(at..at.checked_add(width)?)?;
        let joined = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.little { part.iter().rev().fold(0, joined) } else { part.iter().fold(0, joined) })
    }
}

/// An IFD of a TIFF.
#[derive(Debug, Clone, Copy)]
pub struct Ifd<'a> {
    bytes: &'a [u8],
    layout: Layout,
    entries: &'a [u8],
    /// Offset of the link to the next IFD.
    end: usize,
}

impl<'a> Ifd<'a> {
    /// Opens the first IFD.
    pub fn first(bytes: &'a [u8]) -> Option<Self> {
        let (little, big) = match bytes.get(..4)? {
            [b'I', b'I', 42, 0] => (true, false),
            [b'M', b'M', 0, 42] => (false, false),
            [b'I', b'I', 43, 0] => (true, true),
            [b'M', b'M', 0, 43] => (false, true),
            _ => return None,
        };
        let layout = Layout { little, big };
        // BigTIFF states the size of offsets and two reserved bytes before the first offset
        let at = if big { 8 } else { 4 };
        let plain = Self { bytes, layout, entries: &[], end: 0 };
        plain.at(layout.number(bytes, at, layout.word())?)
    }

    /// Opens the IFD at an offset of the same file.
    pub fn at(&self, offset: u64) -> Option<Self> {
        let at = usize::try_from(offset).ok().filter(|at| *at > 0)?;
        let Layout { big, .. } = self.layout;
        let width = if big { 8 } else { 2 };
        let count = self.layout.number(self.bytes, at, width)?;
        let start = at.checked_add(width)?;
        let length = usize::try_from(count).ok()?.checked_mul(self.layout.entry())?;
        let seen = count.min(MAX_ENTRIES) as usize * self.layout.entry();
        let entries = byte_reader::part(self.bytes, start, seen);
        Some(Self { entries, end: start.checked_add(length)?, ..*self })
    }

    /// Opens the next IFD.
    pub fn next(&self) -> Option<Self> {
        self.at(self.layout.number(self.bytes, self.end, self.layout.word())?)
    }

    /// Whether a tag is present, whatever its value.
    pub fn has(&self, wanted: u16) -> bool {
        self.entry(wanted).is_some()
    }

    /// The first value of a tag, if it is an unsigned integer that fits 32 bits.
    pub fn value(&self, wanted: u16) -> Option<u32> {
        self.integer(wanted, 0).and_then(|value| u32::try_from(value).ok())
    }

    /// The unsigned integer values of a tag, at most `most`.
    pub fn values(&self, wanted: u16, most: u64) -> Vec<u64> {
        (0..most).map_while(|index| self.integer(wanted, index)).collect()
    }

    /// The bytes of a tag's values, as far as they are inside the file.
    pub fn block(&self, wanted: u16) -> Option<&'a [u8]> {
        let entry = self.entry(wanted)?;
        let width = width(self.layout.number(entry, 2, 2)?)?;
        let count = usize::try_from(self.layout.number(entry, 4, self.layout.word())?).ok()?;
        let length = count.checked_mul(width)?;
        if length <= self.layout.word() {
            return entry.get(4 + self.layout.word()..)?.get(..length);
        }
        let offset = self.layout.number(entry, 4 + self.layout.word(), self.layout.word())?;
        Some(byte_reader::part(self.bytes, usize::try_from(offset).ok()?, length))
    }

    /// The value at an index of an unsigned integer tag.
    fn integer(&self, wanted: u16, index: u64) -> Option<u64> {
        let kind = self.layout.number(self.entry(wanted)?, 2, 2)?;
        let width = width(kind).filter(|_| is_unsigned_integer(kind))?;
        let at = usize::try_from(index).ok()?.checked_mul(width)?;
        self.layout.number(self.block(wanted)?, at, width)
    }

    fn entry(&self, wanted: u16) -> Option<&'a [u8]> {
        let mut entries = self.entries.chunks_exact(self.layout.entry());
        entries.find(|entry| self.layout.number(entry, 0, 2) == Some(wanted.into()))
    }
}

/// Bytes per value of a type (TIFF 6.0, `BigTIFF`).
fn width(kind: u64) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 | 17 | 18 => Some(8),
        _ => None,
    }
}

/// Whether a type is an unsigned integer or an offset.
fn is_unsigned_integer(kind: u64) -> bool {
    matches!(kind, 1 | 3 | 4 | 13 | 16 | 18)
}

/// The first IFD of an EXIF block, with or without its prefix.
pub fn parse_exif(block: &[u8]) -> Option<Ifd<'_>> {
    Ifd::first(block.strip_prefix(EXIF).unwrap_or(block))
}

/// The orientation in an EXIF block; upright if absent.
pub fn orientation(block: &[u8]) -> Orientation {
    let tag = parse_exif(block).and_then(|directory| directory.value(ORIENTATION));
    Orientation::from_exif(tag.map_or(1, |tag| tag as i32))
}

/// Whether a JPEG segment is EXIF.
pub fn is_exif(block: &[u8]) -> bool {
    block.starts_with(EXIF)
}

/// Builds a TIFF of IFDs for tests, each with its entries (tag, type, values).
#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "one format, written from its start to its end")]
pub(crate) fn build(big: bool, little: bool, pages: &[&[(u16, u16, Vec<u64>)]]) -> Vec<u8> {
    let put = |bytes: &mut Vec<u8>, value: u64, width: usize| {
        let number = value.to_le_bytes();
        let part = number[..width].iter();
        if little { bytes.extend(part) } else { bytes.extend(part.rev()) }
    };
    let word = if big { 8 } else { 4 };
    let mut file = if little { b"II".to_vec() } else { b"MM".to_vec() };
    put(&mut file, if big { 43 } else { 42 }, 2);
    if big {
        put(&mut file, 8, 2);
        put(&mut file, 0, 2);
    }
    let head = file.len() + word;
    put(&mut file, head as u64, word);
    for (index, page) in pages.iter().enumerate() {
        let entries = if big { 20 } else { 12 } * page.len() + if big { 8 } else { 2 } + word;
        let mut extra_at = file.len() + entries;
        let mut extra = Vec::new();
        put(&mut file, page.len() as u64, if big { 8 } else { 2 });
        for (tag, kind, values) in *page {
            put(&mut file, (*tag).into(), 2);
            put(&mut file, (*kind).into(), 2);
            put(&mut file, values.len() as u64, word);
            let mut data = Vec::new();
            let width = width((*kind).into()).expect("a known type");
            for value in values {
                put(&mut data, *value, width);
            }
            if data.len() <= word {
                data.resize(word, 0);
                file.extend(data);
            } else {
                put(&mut file, extra_at as u64, word);
                extra_at += data.len();
                extra.extend(data);
            }
        }
        let next = if index + 1 < pages.len() { extra_at } else { 0 };
        put(&mut file, next as u64, word);
        file.extend(extra);
    }
    file
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_of_every_byte_order_and_word_size() {
        for (big, little) in [(false, false), (false, true), (true, false), (true, true)] {
            let wide = if big { 16 } else { 4 };
            let first = [(256, 3, vec![700]), (258, 3, vec![8, 8, 8]), (330, wide, vec![70_000, 5, 9])];
            let second = [(257, 4, vec![90_000])];
            let file = build(big, little, &[&first, &second]);
            let directory = Ifd::first(&file).unwrap();
            assert_eq!((directory.value(256), directory.value(258)), (Some(700), Some(8)));
            assert_eq!(directory.values(330, 9), [70_000, 5, 9]);
            assert_eq!(directory.values(330, 2), [70_000, 5]);
            assert!(directory.has(256) && !directory.has(257));
            let next = directory.next().unwrap();
            assert_eq!(next.value(257), Some(90_000));
            assert!(next.next().is_none());
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(tail: Vec<u8>, big: bool) {
            let head: &[u8] = if big { b"II\x2b\0\x08\0\0\0\x10\0\0\0\0\0\0\0" } else { b"MM\0\x2a\0\0\0\x08" };
            let bytes = [head, &tail].concat();
            let Some(directory) = Ifd::first(&bytes) else { return Ok(()) };
            let _ = (directory.value(256), directory.values(330, 9), directory.block(700), directory.next());
        }
    }
}
