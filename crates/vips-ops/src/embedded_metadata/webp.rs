//! EXIF in a WebP: a chunk of the extended format (RFC 9649, 2.7).

use bytes::Bytes;

/// Bytes before the first chunk: `RIFF`, the length of the rest, `WEBP`.
const HEAD: usize = 12;
/// Bytes of a chunk header.
const BEFORE: usize = 8;
/// Flags of the `VP8X` header.
const HAS_EXIF: u8 = 0x08;
const HAS_ALPHA: u8 = 0x10;
/// Offset of the flags of the `VP8X` header, and the length of its body in bytes.
const FLAGS: usize = HEAD + BEFORE;
const EXTENDED: usize = 10;

/// Inserts an EXIF block, which begins with the TIFF header, into a file with these dimensions in pixels. A file in the
/// simple format is converted to the extended format.
pub fn with_exif(file: &Bytes, exif: &[u8], (width, height): (u32, u32)) -> Bytes {
    let Some(first) = file.get(HEAD..HEAD + 4).filter(|_| file.starts_with(b"RIFF")) else {
        return file.clone();
    };
    let mut out = file[..HEAD].to_vec();
    let body = if first == b"VP8X" {
        out.extend_from_slice(&file[HEAD..FLAGS + EXTENDED]);
        out[FLAGS] |= HAS_EXIF;
        &file[FLAGS + EXTENDED..]
    } else {
        // a lossless bitstream states whether it uses alpha: bit 28 after the signature byte
        let alpha = first == b"VP8L" && file.get(HEAD + BEFORE + 4).is_some_and(|byte| byte & 0x10 != 0);
        let flags = HAS_EXIF | if alpha { HAS_ALPHA } else { 0 };
        let sides = [width, height].map(|side| side.saturating_sub(1).to_le_bytes());
        out.extend_from_slice(b"VP8X\x0a\0\0\0");
        out.extend_from_slice(&[flags, 0, 0, 0]);
        for side in sides {
            out.extend_from_slice(&side[..3]);
        }
        &file[HEAD..]
    };
    let before_xmp = xmp_offset(body).unwrap_or(body.len());
    out.extend_from_slice(&body[..before_xmp]);
    out.extend_from_slice(b"EXIF");
    out.extend_from_slice(&(exif.len() as u32).to_le_bytes());
    out.extend_from_slice(exif);
    if exif.len() % 2 == 1 {
        out.push(0);
    }
    out.extend_from_slice(&body[before_xmp..]);
    let length = (out.len() - BEFORE) as u32;
    out[4..BEFORE].copy_from_slice(&length.to_le_bytes());
    out.into()
}

/// Offset of the XMP chunk, before which EXIF has to be inserted.
fn xmp_offset(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let name = body.get(at..at + 4)?;
        if name == b"XMP " {
            return Some(at);
        }
        let length = u32::from_le_bytes(body.get(at + 4..at + BEFORE)?.try_into().ok()?) as usize;
        at = at.checked_add(BEFORE + length.next_multiple_of(2))?;
    }
}
