//! WebP: RIFF chunks.

use super::scanned::ScannedHeader;
use crate::source::{Codec, Profile, byte_reader, ifd};

/// Most chunks that are visited; the rest is extrapolated.
const MAX_CHUNKS: usize = 65_536;

/// Flags of the `VP8X` header (RFC 9649, 2.7).
const HAS_ICC: u8 = 0x20;
const HAS_ALPHA: u8 = 0x10;
const IS_ANIMATED: u8 = 0x02;

/// Bytes of an `ANMF` chunk before the frame's own chunks (RFC 9649, 2.7.1.1).
const FRAME_HEADER: usize = 16;

/// Scans the canvas size, counts the frames, and checks how the first one is stored.
pub fn scan(bytes: &[u8]) -> Option<ScannedHeader> {
    let mut seen = Chunks::default();
    let (mut at, mut chunks) = (12usize, 0);
    while let (Some(name), Some(length), true) =
        (byte_reader::array::<4>(bytes, at), byte_reader::le32(bytes, at + 4), chunks < MAX_CHUNKS)
    {
        chunks += 1;
        seen.chunk(name, byte_reader::part(bytes, at + 8, length as usize))?;
        // chunks are padded to an even length
        at = at.saturating_add(8 + length as usize + (length as usize & 1));
    }
    let mut found = seen.canvas?;
    found.codec = (!seen.animated).then_some(Codec::Libwebp);
    if seen.animated {
        let walked = at.min(bytes.len()).max(1) as u64;
        let all = if chunks == MAX_CHUNKS { seen.frames * bytes.len() as u64 / walked } else { seen.frames };
        found.frames = u32::try_from(all).unwrap_or(u32::MAX);
    }
    Some(found)
}

/// The state after the chunks read so far.
#[derive(Default)]
struct Chunks {
    canvas: Option<ScannedHeader>,
    animated: bool,
    frames: u64,
}

impl Chunks {
    /// Processes a chunk. Returns `None` if it is broken.
    fn chunk(&mut self, name: [u8; 4], body: &[u8]) -> Option<()> {
        match (&name, &mut self.canvas) {
            (b"VP8X", canvas) => {
                let (flags, found) = extended(body)?;
                self.animated = flags & IS_ANIMATED != 0;
                *canvas = Some(found);
            }
            (b"VP8 " | b"VP8L", Some(canvas)) if !self.animated => canvas.lossless = name == *b"VP8L",
            (b"VP8 " | b"VP8L", canvas @ None) => *canvas = Some(image(name, body)?),
            (b"ANMF", canvas) => {
                self.frames += 1;
                let inner = body.get(FRAME_HEADER..).unwrap_or_default();
                if let (1, Some(canvas)) = (self.frames, canvas) {
                    canvas.lossless = inner.starts_with(b"VP8L");
                }
            }
            (b"EXIF", Some(canvas)) => canvas.orientation = ifd::orientation(body),
            _ => {}
        }
        Some(())
    }
}

fn extended(body: &[u8]) -> Option<(u8, ScannedHeader)> {
    let flags = byte_reader::byte(body, 0)?;
    let canvas = ScannedHeader::still(byte_reader::le24(body, 4)? + 1, byte_reader::le24(body, 7)? + 1);
    let profile = if flags & HAS_ICC != 0 { Profile::Foreign } else { Profile::Srgb };
    Some((flags, ScannedHeader { profile, ..canvas.alpha(flags & HAS_ALPHA != 0) }))
}

/// Parses the frame header of VP8 (RFC 6386, 9.1) or VP8L (RFC 9649, 3.4).
fn image(name: [u8; 4], body: &[u8]) -> Option<ScannedHeader> {
    const SIDE: u32 = 0x3fff;
    if name == *b"VP8 " {
        let (width, height) =
            (u32::from(byte_reader::le16(body, 6)?) & SIDE, u32::from(byte_reader::le16(body, 8)?) & SIDE);
        return Some(ScannedHeader::still(width, height));
    }
    let bits = byte_reader::le32(body, 1)?;
    let found = ScannedHeader::still((bits & SIDE) + 1, ((bits >> 14) & SIDE) + 1);
    Some(ScannedHeader { lossless: true, ..found.alpha(bits >> 28 & 1 == 1) })
}
