//! Edits an EXIF block in place: removes the orientation tag and the thumbnail without moving anything else, so that
//! offsets stay valid, also those inside maker notes (TIFF 6.0, section 2; EXIF 2.32, 4.5).

use std::{collections::BTreeSet, ops::Range};

/// Orientation tag.
const ORIENTATION: u16 = 0x0112;
/// Tags of the offset and length of a JPEG thumbnail.
const THUMBNAIL: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
/// Tags of the offsets and lengths of the strips of an uncompressed thumbnail.
const STRIPS: u16 = 0x0111;
const STRIP_LENGTHS: u16 = 0x0117;
/// Tags that point to the sub-IFDs of the image: GPS, interoperability.
const GPS: u16 = 0x8825;
pub const INTEROP_IFD: u16 = 0xa005;
/// Colour space tag of the EXIF IFD and its value for sRGB; interoperability index tag, and its values for Adobe RGB
/// and sRGB (EXIF 2.32, 4.6.6 and annex; DCF 2.0).
pub const COLOUR_SPACE: u16 = 0xa001;
const SRGB: u16 = 1;
pub const INTEROP_INDEX: u16 = 1;
pub const INTEROP_ADOBE_RGB: &[u8] = b"R03";
const INTEROP_SRGB: &[u8] = b"R98";
/// Most chained IFDs that are followed; EXIF has two.
const MOST_DIRECTORIES: usize = 8;
/// Bytes of the TIFF header.
const HEADER: usize = 8;
/// Tag that points to the EXIF IFD, its tags of the image's width and height, and the type of a 16-bit value.
pub const EXIF_IFD: u16 = 0x8769;
const SIDES: [u16; 2] = [0xa002, 0xa003];
const SHORT: u16 = 3;
/// Bytes of an IFD entry, and of the entry count before them.
const ENTRY: usize = 12;
const COUNT: usize = 2;
/// Prefix of an EXIF block in some containers.
pub const PREFIX: &[u8] = b"Exif\0\0";

/// What is removed from a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strip {
    /// The orientation of the image and of its thumbnail.
    pub orientation: bool,
    /// The thumbnail, with its IFD.
    pub thumbnail: bool,
}

/// Removes tags from a block that begins with the TIFF header. Returns `None` if the block cannot be parsed, or if
/// nothing is left of it.
pub fn strip(block: &[u8], removed: Strip) -> Option<Vec<u8>> {
    let mut tiff = Tiff { big_endian: big_endian(block)?, bytes: block.to_vec() };
    let first = tiff.long(4)? as usize;
    let second = tiff.next_at(first)?;
    let thumbnail = tiff.long(second)? as usize;
    if removed.orientation {
        tiff.remove(first, ORIENTATION);
        if thumbnail != 0 {
            tiff.remove(thumbnail, ORIENTATION);
        }
    }
    if removed.thumbnail && thumbnail != 0 {
        // removing entries may have moved the link
        let link = tiff.next_at(first)?;
        tiff.set_long(link, 0)?;
        tiff.drop_thumbnail(first, thumbnail);
    }
    let is_empty = tiff.short(first)? == 0 && tiff.long(first + COUNT)? == 0;
    (!is_empty).then_some(tiff.bytes)
}

/// Builds a block that contains only an orientation, 1 to 8.
pub fn with_orientation(orientation: u16) -> Vec<u8> {
    let entry = [ORIENTATION, SHORT, 0, 1, orientation, 0].map(u16::to_be_bytes);
    [&b"MM\0*\0\0\0\x08\0\x01"[..], entry.as_flattened(), &[0; 4]].concat()
}

/// Sets the pixel dimensions in the EXIF IFD where it states them, and the colour space to sRGB if `is_srgb`. Returns
/// `None` if there is no EXIF IFD.
pub fn with_dimensions(block: Vec<u8>, width: u32, height: u32, is_srgb: bool) -> Option<Vec<u8>> {
    let mut tiff = Tiff { big_endian: big_endian(&block)?, bytes: block };
    let link = tiff.entry(tiff.long(4)? as usize, EXIF_IFD)?;
    let directory = tiff.long(link + 8)? as usize;
    for (tag, side) in SIDES.into_iter().zip([width, height]) {
        let Some(at) = tiff.entry(directory, tag) else { continue };
        match tiff.short(at + 2)? {
            SHORT => tiff.set_short(at + 8, u16::try_from(side).ok()?)?,
            _ => tiff.set_long(at + 8, side)?,
        }
    }
    if is_srgb {
        tiff.set_srgb(directory);
    }
    Some(tiff.bytes)
}

fn big_endian(block: &[u8]) -> Option<bool> {
    match block.get(..4)? {
        b"MM\0*" => Some(true),
        b"II*\0" => Some(false),
        _ => None,
    }
}

struct Tiff {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Tiff {
    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn set_short(&mut self, at: usize, value: u16) -> Option<()> {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.get_mut(at..at + 2)?.copy_from_slice(&bytes);
        Some(())
    }

    fn set_long(&mut self, at: usize, value: u32) -> Option<()> {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.get_mut(at..at + 4)?.copy_from_slice(&bytes);
        Some(())
    }

    /// Sets the colour space of an EXIF IFD to sRGB, also in its interoperability index.
    fn set_srgb(&mut self, camera: usize) -> Option<()> {
        if let Some(at) = self.entry(camera, COLOUR_SPACE) {
            self.set_short(at + 8, SRGB)?;
        }
        let rules = self.long(self.entry(camera, INTEROP_IFD)? + 8)? as usize;
        let name = self.entry(rules, INTEROP_INDEX)? + 8;
        let name = self.bytes.get_mut(name..name + INTEROP_ADOBE_RGB.len())?;
        if name == INTEROP_ADOBE_RGB {
            name.copy_from_slice(INTEROP_SRGB);
        }
        Some(())
    }

    /// Offset of the link to the next IFD.
    fn next_at(&self, directory: usize) -> Option<usize> {
        Some(directory + COUNT + usize::from(self.short(directory)?) * ENTRY)
    }

    /// Offset of the entry of a tag.
    fn entry(&self, directory: usize, tag: u16) -> Option<usize> {
        let entries = 0..usize::from(self.short(directory)?);
        entries.map(|index| directory + COUNT + index * ENTRY).find(|at| self.short(*at) == Some(tag))
    }

    /// Removes an entry: the entries after it and the link to the next IFD move up.
    fn remove(&mut self, directory: usize, tag: u16) -> Option<()> {
        let at = self.entry(directory, tag)?;
        let end = self.next_at(directory)? + 4;
        self.bytes.get(..end)?;
        self.bytes.copy_within(at + ENTRY..end, at);
        self.bytes[end - ENTRY..end].fill(0);
        let count = self.short(directory)?;
        self.set_short(directory, count - 1)
    }

    /// Removes the thumbnail IFDs and their pixels once nothing links to them: bytes at the end of the block are cut
    /// off, bytes in the middle become zero. Bytes also used by the image's own IFDs, from `first` on, are kept.
    fn drop_thumbnail(&mut self, first: usize, thumbnail: usize) {
        let mut gone = vec![false; self.bytes.len()];
        let mut dropped = Vec::new();
        for directory in self.chain(thumbnail) {
            dropped.extend(self.extent(directory));
            dropped.extend(self.pixels(directory));
        }
        mark(&mut gone, dropped, true);
        let own = self.own_directories(first).into_iter().flat_map(|directory| self.extent(directory));
        let kept = std::iter::once(0..HEADER).chain(own).collect();
        mark(&mut gone, kept, false);
        for (byte, _) in self.bytes.iter_mut().zip(&gone).filter(|(_, gone)| **gone) {
            *byte = 0;
        }
        let end = gone.iter().rposition(|gone| !gone).map_or(0, |last| last + 1);
        // values are aligned to even offsets by a padding byte
        let aligns = end > HEADER && end == gone.len() && self.bytes[end - 1] == 0 && gone[end - 2];
        let end = if aligns {
            gone[..end - 1].iter().rposition(|gone| !gone).map_or(0, |last| last + 1)
        } else {
            end
        };
        self.bytes.truncate(end.max(HEADER));
    }

    /// Offsets of an IFD and of those chained after it.
    fn chain(&self, directory: usize) -> Vec<usize> {
        let next = |at: &usize| Some(self.long(self.next_at(*at)?)? as usize).filter(|next| *next != 0);
        let mut chain: Vec<_> = std::iter::successors(Some(directory), next).take(MOST_DIRECTORIES).collect();
        chain.sort_unstable();
        chain.dedup();
        chain
    }

    /// Offsets of the IFDs that describe the image itself.
    fn own_directories(&self, first: usize) -> Vec<usize> {
        let below = |directory, tag| Some(self.long(self.entry(directory, tag)? + 8)? as usize);
        let camera = below(first, EXIF_IFD);
        let interoperability = camera.and_then(|camera| below(camera, INTEROP_IFD));
        [Some(first), camera, below(first, GPS), interoperability].into_iter().flatten().collect()
    }

    /// Ranges of an IFD with its link, and of the values stored outside of its entries.
    fn extent(&self, directory: usize) -> Vec<Range<usize>> {
        let count = usize::from(self.short(directory).unwrap_or(0));
        let head = directory..directory.saturating_add(COUNT + count * ENTRY + 4);
        let values = (0..count).filter_map(|index| self.value(directory + COUNT + index * ENTRY));
        std::iter::once(head).chain(values.filter(|value| value.len() > 4)).collect()
    }

    /// Range of the value of an entry.
    fn value(&self, at: usize) -> Option<Range<usize>> {
        let size = match self.short(at + 2)? {
            SHORT | 8 => 2,
            4 | 9 | 11 => 4,
            5 | 10 | 12 => 8,
            _ => 1,
        };
        let length = usize::try_from(self.long(at + 4)?).ok()?.checked_mul(size)?;
        let start = if length <= 4 { at + 8 } else { self.long(at + 8)? as usize };
        Some(start..start.saturating_add(length))
    }

    /// Ranges of an IFD's pixels: one JPEG, or strips.
    fn pixels(&self, directory: usize) -> Vec<Range<usize>> {
        let ranges = |starts, lengths| {
            let pairs = self.numbers(directory, starts).into_iter().zip(self.numbers(directory, lengths));
            pairs.map(|(start, length)| start..start.saturating_add(length)).collect::<Vec<_>>()
        };
        [ranges(THUMBNAIL, THUMBNAIL_LENGTH), ranges(STRIPS, STRIP_LENGTHS)].concat()
    }

    /// The values of an integer entry.
    fn numbers(&self, directory: usize, tag: u16) -> Vec<usize> {
        let Some(at) = self.entry(directory, tag) else { return Vec::new() };
        let Some(value) = self.value(at) else { return Vec::new() };
        let value = value.start..value.end.min(self.bytes.len());
        if self.short(at + 2) == Some(SHORT) {
            value.step_by(2).map_while(|at| self.short(at)).map(usize::from).collect()
        } else {
            value.step_by(4).map_while(|at| self.long(at)).map(|number| number as usize).collect()
        }
    }
}

/// Sets `marks` in the ranges; overlapping ranges cost nothing extra.
fn mark(marks: &mut [bool], ranges: Vec<Range<usize>>, value: bool) {
    let ranges: BTreeSet<_> = ranges.into_iter().map(|range| (range.start, range.end)).collect();
    let mut from = 0;
    for (start, end) in ranges {
        let (start, end) = (start.max(from).min(marks.len()), end.min(marks.len()));
        if start < end {
            marks[start..end].fill(value);
            from = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use exif::{In, Reader, Tag};
    use proptest::prelude::*;

    use super::*;

    const ALL: Strip = Strip { orientation: true, thumbnail: true };

    /// A block with an orientation, a maker, an EXIF IFD with a maker note, and a thumbnail after all of it or before
    /// the note.
    fn block(big_endian: bool, thumbnail_last: bool) -> Vec<u8> {
        let short = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let long = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            [&short(tag)[..], &short(kind), &long(count), &value].concat()
        };
        let small = |value: u16| [short(value), [0, 0]].concat().try_into().unwrap();
        // offsets: header 8, IFD0 8..62, EXIF IFD 62..80, maker 80..92, then note and thumbnail
        let (note, second) = if thumbnail_last { (92, 112) } else { (200, 92) };
        let thumbnail = second + 54;
        let mut bytes = vec![0; 256];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, if big_endian { b"MM\0*" } else { b"II*\0" });
        put(4, &long(8));
        let entries = [
            entry(0x010f, 2, 12, long(80)),
            entry(ORIENTATION, 3, 1, small(6)),
            entry(0x8769, 4, 1, long(62)),
        ];
        put(8, &[&short(3)[..], &entries.concat(), &long(second as u32)].concat());
        put(62, &[&short(1)[..], &entry(0x927c, 7, 20, long(note as u32)), &long(0)].concat());
        put(80, b"Camera Make\0");
        put(note, b"NOTE with offsets 9\0");
        let entries = [
            entry(0x0103, 3, 1, small(6)),
            entry(ORIENTATION, 3, 1, small(6)),
            entry(THUMBNAIL, 4, 1, long(thumbnail as u32)),
            entry(THUMBNAIL_LENGTH, 4, 1, long(30)),
        ];
        put(second, &[&short(4)[..], &entries.concat(), &long(0)].concat());
        put(thumbnail, &[0xd8; 30]);
        bytes.truncate(if thumbnail_last { thumbnail + 30 } else { 220 });
        bytes
    }

    #[test]
    fn orientation_and_thumbnail_are_removed_without_moving_the_rest() {
        for (big_endian, thumbnail_last) in [(true, true), (true, false), (false, true), (false, false)] {
            let block = block(big_endian, thumbnail_last);
            let read = |block: &[u8]| Reader::new().read_raw(block.to_vec()).unwrap();
            let before = read(&block);
            assert!(before.get_field(Tag::Orientation, In::THUMBNAIL).is_some());
            for removed in [ALL, Strip { thumbnail: false, ..ALL }, Strip { orientation: false, ..ALL }] {
                let edited = strip(&block, removed).unwrap();
                let after = read(&edited);
                let has = |tag, directory| after.get_field(tag, directory).is_some();
                assert_eq!(has(Tag::Orientation, In::PRIMARY), !removed.orientation);
                assert_eq!(has(Tag::Orientation, In::THUMBNAIL), !removed.orientation && !removed.thumbnail);
                assert_eq!(has(Tag::JPEGInterchangeFormat, In::THUMBNAIL), !removed.thumbnail);
                for tag in [Tag::Make, Tag::MakerNote] {
                    let value = |exif: &exif::Exif| {
                        exif.get_field(tag, In::PRIMARY).unwrap().display_value().to_string()
                    };
                    assert_eq!(value(&after), value(&before), "{tag}");
                }
                assert_eq!(edited.contains(&0xd8), !removed.thumbnail, "no pixel of the thumbnail remains");
                assert_eq!(edited.len() < block.len(), removed.thumbnail && thumbnail_last);
                let note = if thumbnail_last { 92 } else { 200 };
                assert_eq!(edited[note..note + 20], block[note..note + 20], "the note has not moved");
            }
        }
    }

    /// A little-endian IFD entry.
    fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    }

    fn directory(entries: &[Vec<u8>], next: u32) -> Vec<u8> {
        [&(entries.len() as u16).to_le_bytes()[..], &entries.concat(), &next.to_le_bytes()].concat()
    }

    fn little(parts: &[&[u8]]) -> Vec<u8> {
        [&b"II*\0\x08\0\0\0"[..], &parts.concat()].concat()
    }

    #[test]
    fn colours_converted_to_srgb_are_labelled_srgb() {
        // IFD0 8..26, EXIF IFD 26..56, interoperability IFD 56..74
        let named = |space: u32, rules: &[u8; 4]| {
            let rules = u32::from_le_bytes(*rules);
            little(&[
                &directory(&[entry(EXIF_IFD, 4, 1, 26)], 0),
                &directory(&[entry(COLOUR_SPACE, 3, 1, space), entry(INTEROP_IFD, 4, 1, 56)], 0),
                &directory(&[entry(INTEROP_INDEX, 2, 4, rules)], 0),
            ])
        };
        assert_eq!(with_dimensions(named(0xffff, b"R03\0"), 1, 1, true), Some(named(1, b"R98\0")));
        assert_eq!(with_dimensions(named(0xffff, b"R98\0"), 1, 1, true), Some(named(1, b"R98\0")));
        assert_eq!(with_dimensions(named(0xffff, b"R03\0"), 1, 1, false), Some(named(0xffff, b"R03\0")));
    }

    #[test]
    fn values_shared_with_the_image_are_kept() {
        // IFD0 8..26, resolution 26..34, IFD1 34..76, thumbnail 76..80
        let first = directory(&[entry(0x011a, 5, 1, 26)], 34);
        let second = [entry(0x011a, 5, 1, 26), entry(THUMBNAIL, 4, 1, 76), entry(THUMBNAIL_LENGTH, 4, 1, 4)];
        let resolution = [300u32.to_le_bytes(), 1u32.to_le_bytes()].concat();
        let block = little(&[&first, &resolution, &directory(&second, 0), b"pixe"]);
        let edited = strip(&block, ALL).unwrap();
        let expected = little(&[&directory(&[entry(0x011a, 5, 1, 26)], 0), &resolution]);
        assert_eq!(edited, expected);
        // an IFD that links to itself loses nothing either
        let circle = little(&[&directory(&[entry(0x011a, 5, 1, 26)], 8), &resolution]);
        assert_eq!(strip(&circle, ALL).unwrap(), expected);
    }

    #[test]
    fn thumbnail_strips_and_further_ifds_are_removed() {
        // IFD0 8..26, IFD1 26..56 with two strips whose offsets and lengths are at 56 and 64, IFD2 64..94, then pixels
        let first = directory(&[entry(0x0100, 4, 1, 9)], 26);
        let second = directory(&[entry(STRIPS, 4, 2, 56), entry(STRIP_LENGTHS, SHORT, 2, 7 << 16 | 5)], 64);
        let places = [94u32.to_le_bytes(), 99u32.to_le_bytes()].concat();
        let third = directory(&[entry(THUMBNAIL, 4, 1, 106), entry(THUMBNAIL_LENGTH, 4, 1, 6)], 0);
        let block = little(&[&first, &second, &places, &third, b"STRIPSTRIPED", b"PIXELS"]);
        assert_eq!((&block[94..106], &block[106..]), (&b"STRIPSTRIPED"[..], &b"PIXELS"[..]));
        assert_eq!(strip(&block, ALL).unwrap(), little(&[&directory(&[entry(0x0100, 4, 1, 9)], 0)]));
    }

    #[test]
    fn a_block_with_only_an_orientation_becomes_empty() {
        let block = little(&[&directory(&[entry(ORIENTATION, SHORT, 1, 6)], 0)]);
        assert_eq!(strip(&block, ALL), None);
        assert_eq!(strip(&block, Strip { orientation: false, ..ALL }).unwrap(), block);
    }

    #[test]
    fn overlapping_values_take_linear_time() {
        // each of 65,535 entries, and each strip, claims all of a block of 8 MB
        let size = 8 << 20;
        let values: Vec<_> = (0..u16::MAX).map(|_| entry(STRIPS, 4, size / 4, 26)).collect();
        let mut block = little(&[&directory(&[entry(0x0100, 4, 1, 9)], 26), &directory(&values, 0)]);
        block.resize(size as usize, 0x7f);
        assert!(strip(&block, ALL).is_some());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(noise: Vec<u8>, at in 0..200usize, value: u8, last: bool) {
            let _ = strip(&noise, ALL);
            let mut block = block(last, last);
            let at = at.min(block.len() - 1);
            block[at] = value;
            if let Some(edited) = strip(&block, ALL) {
                prop_assert!(edited.len() <= block.len());
            }
        }
    }
}
