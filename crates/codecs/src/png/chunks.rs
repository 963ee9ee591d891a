//! The chunks of a file.

use libdeflater::crc32;

use crate::{
    decoder::Shape,
    error::{Error, Result},
};

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

/// The shape that a header states, if it is of a kind that is taken: 8 bits, no palette, not interlaced (PNG, 11.2.2).
pub fn header(file: &[u8]) -> Option<Shape> {
    let header = read(file).next().filter(|chunk| chunk.name == b"IHDR" && file.starts_with(&SIGNATURE))?;
    let &[w0, w1, w2, w3, h0, h1, h2, h3, 8, kind, 0, 0, 0] = header.body else { return None };
    let bands = match kind {
        0 => 1,
        2 => 3,
        4 => 2,
        6 => 4,
        _ => return None,
    };
    let side = |bytes| Some(u32::from_be_bytes(bytes)).filter(|side| (1..=i32::MAX as u32).contains(side));
    let (width, height) = (side([w0, w1, w2, w3])?, side([h0, h1, h2, h3])?);
    Some(Shape { width, height, bands, depth: 1 })
}

/// The compressed pixels of a file without a fault: bodies of its `IDAT` chunks.
///
/// # Errors
///
/// If a chunk is incomplete or has a wrong checksum, if there is none of the pixels or of the end, or if those of the pixels
/// do not follow each other.
pub fn pixels(file: &[u8]) -> Result<Vec<&[u8]>> {
    let broken = |detail| Error::broken(NAME, detail);
    let mut parts = Vec::new();
    let mut is_over = false;
    for chunk in read(file) {
        if crc32(chunk.checked) != chunk.checksum {
            return Err(broken("a chunk has a wrong checksum"));
        }
        match chunk.name {
            b"IDAT" if is_over => return Err(broken("chunks of pixels do not follow each other")),
            b"IDAT" => parts.push(chunk.body),
            b"IEND" if !parts.is_empty() => return Ok(parts),
            b"IEND" => break,
            _ => is_over = !parts.is_empty(),
        }
    }
    Err(broken("chunks are missing"))
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
