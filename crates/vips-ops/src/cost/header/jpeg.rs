//! JPEG: segments up to the first scan, and the number of scans.

use super::scanned::ScannedHeader;
use crate::{
    orientation::Orientation,
    source::{Codec, Profile, byte_reader, ifd, jpeg},
};

/// Most segments that are visited before the first scan; a large profile takes a few dozen.
const MAX_SEGMENTS: usize = 4096;

/// Most bytes that are skipped in the whole file while searching for a marker where a segment does not end at one.
const MAX_SKIPPED: usize = 256 * 1024;

/// Bytes that are searched for scans, and most scans that are counted; common encoders write 10.
const SCANS_REACH: usize = 4 * 1024 * 1024;
const MAX_SCANS: u32 = 1000;

/// Signature of an ICC segment in a JPEG (ICC.1:2022, B.4).
const ICC: &[u8] = b"ICC_PROFILE\0";

/// Name of an sRGB profile, in its first segment.
const SRGB: &[u8] = b"sRGB";

/// Scans frame header, EXIF orientation and presence of a foreign profile.
pub fn scan(bytes: &[u8]) -> Option<ScannedHeader> {
    let mut orientation = None;
    let mut profile = Profile::Srgb;
    for segment in Segments::new(bytes) {
        match segment.marker {
            0xe1 if ifd::is_exif(segment.body) && orientation.is_none() => {
                orientation = Some(ifd::orientation(segment.body));
            }
            0xe2 if segment.body.starts_with(ICC) && !names_srgb(segment.body) => profile = Profile::Foreign,
            marker if is_frame(marker) => {
                let orientation = orientation.or_else(|| later_orientation(bytes)).unwrap_or_default();
                return frame(bytes, &segment, orientation, profile);
            }
            _ => {}
        }
    }
    None
}

/// Whether a profile is named sRGB, in ASCII or in UTF-16.
fn names_srgb(block: &[u8]) -> bool {
    let has = |text: &[u8]| block.windows(text.len()).take(1024).any(|part| part == text);
    has(SRGB) || has(b"\0s\0R\0G\0B")
}

/// The orientation of EXIF after the frame header.
fn later_orientation(bytes: &[u8]) -> Option<Orientation> {
    let mut segments = Segments::new(bytes);
    let exif = segments.find(|segment| segment.marker == 0xe1 && ifd::is_exif(segment.body))?;
    Some(ifd::orientation(exif.body))
}

fn frame(
    bytes: &[u8],
    segment: &Segment<'_>,
    orientation: Orientation,
    profile: Profile,
) -> Option<ScannedHeader> {
    let body = segment.body;
    let (height, width) = (byte_reader::be16(body, 1)?, byte_reader::be16(body, 3)?);
    let bands = u32::from(byte_reader::byte(body, 5)?).clamp(1, 4);
    let deep = byte_reader::byte(body, 0)? > 8;
    // start of frame of a progressive process (ITU-T T.81, table B.1)
    let progressive = matches!(segment.marker, 0xc2 | 0xc6 | 0xca | 0xce);
    let profile = if bands == 4 { Profile::Foreign } else { profile };
    // sequential and progressive, entropy-coded by Huffman
    let is_common = matches!(segment.marker, 0xc0..=0xc2) && !deep && matches!(bands, 1 | 3);
    Some(ScannedHeader {
        orientation,
        profile,
        codec: is_common.then_some(Codec::LibjpegTurbo),
        pixel_bytes: if deep { 2 * bands } else { bands },
        passes: if progressive { scans(bytes, segment.end) } else { 1 },
        ..ScannedHeader::still(width.into(), height.into())
    })
}

/// Start of frame of any process; three markers in the range mean something else (ITU-T T.81, B.1.1.3).
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// Counts scans in the first bytes and extrapolates to the rest.
fn scans(bytes: &[u8], from: usize) -> u32 {
    let rest = bytes.get(from..).unwrap_or_default();
    let seen = &rest[..rest.len().min(SCANS_REACH)];
    let starts = seen.windows(2).filter(|pair| *pair == [0xff, 0xda]).take(MAX_SCANS as usize).count() as u64;
    let all = starts * rest.len().max(1) as u64 / seen.len().max(1) as u64;
    all.clamp(2, MAX_SCANS.into()) as u32
}

/// The quality by the quantisation tables before the first scan.
pub fn quality(bytes: &[u8]) -> Option<u8> {
    let end = Segments::new(bytes).last()?.end;
    jpeg::quality(bytes.get(..end)?)
}

struct Segment<'a> {
    marker: u8,
    body: &'a [u8],
    /// Offset of the next marker.
    end: usize,
}

/// Iterates over the segments up to the first scan.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
    skippable: usize,
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 2, left: MAX_SEGMENTS, skippable: MAX_SKIPPED }
    }

    /// Skips to the next marker as libjpeg does: any bytes, then one or more 0xff, then a byte that is neither 0xff nor
    /// 0.
    fn marker(&mut self) -> Option<u8> {
        let rest = byte_reader::part(self.bytes, self.at, self.skippable);
        let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff);
        let found = rest.windows(2).position(is_marker)?;
        self.skippable -= found;
        self.at += found + 2;
        rest.get(found + 1).copied()
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        self.left = self.left.checked_sub(1)?;
        let marker = self.marker()?;
        if matches!(marker, 0xda | 0xd9) {
            return None;
        }
        let start = self.at;
        let length = usize::from(byte_reader::be16(self.bytes, start)?).max(2);
        let body = byte_reader::part(self.bytes, start + 2, length - 2);
        self.at = start + length;
        Some(Segment { marker, body, end: self.at })
    }
}
