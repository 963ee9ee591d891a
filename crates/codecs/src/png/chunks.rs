//! The chunks of a file.

use libdeflater::crc32;

use crate::error::{Error, Result};

/// Name of the codec.
pub const NAME: &str = "png";

/// What every file begins with (PNG, 5.2).
pub const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Bytes of a chunk before its body (length and name) and after it (checksum) (PNG, 5.3).
const BEFORE: usize = 8;
const AFTER: usize = 4;

/// A chunk.
pub struct Chunk<'a> {
    /// Its type, for example `IDAT`.
    pub name: &'a [u8; 4],
    /// Its data.
    pub body: &'a [u8],
    /// Name and data: what its checksum is of.
    checked: &'a [u8],
    checksum: u32,
}

/// Iterates over the chunks of a file, up to the first incomplete one.
pub fn read(file: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = file.get(SIGNATURE.len()..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let (whole, next) = rest.split_at_checked(length.checked_add(BEFORE + AFTER)?)?;
        rest = next;
        let (checked, checksum) = whole[AFTER..].split_last_chunk()?;
        let (name, body) = checked.split_first_chunk()?;
        Some(Chunk { name, body, checked, checksum: u32::from_be_bytes(*checksum) })
    })
}

/// What a header states (PNG, 11.2.2).
pub struct Header {
    pub width: u32,
    pub height: u32,
    /// Bits of a sample: 1 to 8.
    pub bits: u8,
    /// The colour type.
    pub kind: u8,
}

/// The header of a kind that is taken: at most 8 bits, not interlaced.
pub fn header(file: &[u8]) -> Option<Header> {
    let header = read(file).next().filter(|chunk| chunk.name == b"IHDR" && file.starts_with(&SIGNATURE))?;
    let &[w0, w1, w2, w3, h0, h1, h2, h3, bits, kind, 0, 0, 0] = header.body else { return None };
    let is_taken = matches!((kind, bits), (0 | 3, 1 | 2 | 4 | 8) | (2 | 4 | 6, 8));
    let side = |bytes| Some(u32::from_be_bytes(bytes)).filter(|side| (1..=i32::MAX as u32).contains(side));
    let (width, height) = (side([w0, w1, w2, w3])?, side([h0, h1, h2, h3])?);
    is_taken.then_some(Header { width, height, bits, kind })
}

/// Visits the compressed pixels of a file without a fault, the bodies of its `IDAT` chunks, just after their checksums.
///
/// # Errors
///
/// If a chunk is incomplete or has a wrong checksum, if there is none of the pixels or of the end, or if those of the pixels
/// do not follow each other.
pub fn visit_pixels<'a>(file: &'a [u8], mut visit: impl FnMut(&'a [u8])) -> Result<()> {
    let broken = |detail| Error::broken(NAME, detail);
    let (mut is_begun, mut is_over) = (false, false);
    for chunk in read(file) {
        if crc32(chunk.checked) != chunk.checksum {
            return Err(broken("a chunk has a wrong checksum"));
        }
        match chunk.name {
            b"IDAT" if is_over => return Err(broken("chunks of pixels do not follow each other")),
            b"IDAT" => {
                is_begun = true;
                visit(chunk.body);
            }
            b"IEND" if is_begun => return Ok(()),
            b"IEND" => break,
            _ => is_over = is_begun,
        }
    }
    Err(broken("chunks are missing"))
}

/// The compressed pixels in one piece. If there are several chunks, they are joined in `memory`, which has at least the length of
/// the file.
///
/// # Errors
///
/// As of [`visit_pixels`].
pub fn pixels<'a>(file: &'a [u8], memory: &'a mut [u8]) -> Result<&'a [u8]> {
    let (mut first, mut length) = (None, 0);
    visit_pixels(file, |body| {
        // the first one is copied when there is a second; that is still in the processor's cache
        let before = if length == 0 { first.replace(body) } else { None };
        let is_second = length > 0 || before.is_some();
        for body in before.into_iter().chain(is_second.then_some(body)) {
            memory[length..length + body.len()].copy_from_slice(body);
            length += body.len();
        }
    })?;
    Ok(if length > 0 { &memory[..length] } else { first.unwrap_or_default() })
}

/// Whether a stream of zlib (RFC 1950, 2.2) states a window that holds all that a compressor may refer to: 32 KiB, or all
/// of `length` bytes. libdeflate does not look at it, while zlib refuses what refers to bytes before it.
pub fn has_full_window(first: u8, length: usize) -> bool {
    let window = 1usize << ((first >> 4) + 8);
    window >= length.min(32 << 10)
}

/// Appends a chunk with its length and checksum.
pub fn append(out: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
    out.extend_from_slice(&(body.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&name);
    out.extend_from_slice(body);
    let sum = crc32(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
}
