//! Reads and writes the chunks of a PNG that was just encoded.

use bytes::Bytes;

/// Bytes before the first chunk (PNG, 5.2).
pub const SIGNATURE: usize = 8;

/// Offset of the colour type in the body of `IHDR` (PNG, 11.2.2).
pub const COLOUR_TYPE: usize = 9;

/// Bytes of a chunk before its body (length and name) and after it (checksum) (PNG, 5.3).
const BEFORE: usize = 8;
const AFTER: usize = 4;

/// Bodies of `pHYs` chunks that libvips writes by default: 72 pixels per inch (rounded in two ways), or one pixel per
/// millimetre (PNG, 11.3.4.3).
const DEFAULT_RESOLUTIONS: [&[u8]; 3] =
    [&[0, 0, 11, 18, 0, 0, 11, 18, 1], &[0, 0, 11, 19, 0, 0, 11, 19, 1], &[0, 0, 3, 232, 0, 0, 3, 232, 1]];

/// Reversed CRC-32 polynomial (PNG, Annex D).
const POLYNOMIAL: u32 = 0xedb8_8320;

/// A chunk of a PNG.
pub struct Chunk<'a> {
    /// Its type, for example `IDAT`.
    pub name: &'a [u8; 4],
    /// Its data.
    pub body: &'a [u8],
    /// The whole chunk: length, type, data and checksum.
    pub whole: &'a [u8],
}

/// Iterates over the chunks of a file, up to the first incomplete one.
pub fn read(file: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = file.get(SIGNATURE..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let whole = rest.get(..length.checked_add(BEFORE + AFTER)?)?;
        let name = whole[AFTER..].first_chunk()?;
        rest = &rest[whole.len()..];
        Some(Chunk { name, body: &whole[BEFORE..BEFORE + length], whole })
    })
}

/// The chunks before and after the pixels that do not depend on how pixels are stored: those of metadata.
pub fn metadata(file: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let is_tied = |chunk: &Chunk<'_>| matches!(chunk.name, b"IHDR" | b"IEND" | b"PLTE" | b"tRNS" | b"hIST");
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut out = &mut before;
    for chunk in read(file) {
        if chunk.name == b"IDAT" {
            out = &mut after;
        } else if !is_tied(&chunk) {
            out.extend_from_slice(chunk.whole);
        }
    }
    (before, after)
}

/// Removes the default resolution that libvips writes into every PNG. An original that states the same resolution loses
/// nothing: it is what viewers assume without one.
pub fn without_default_resolution(file: Bytes) -> Bytes {
    let mut at = SIGNATURE;
    for chunk in read(&file) {
        let next = at + chunk.whole.len();
        match chunk.name {
            b"pHYs" if DEFAULT_RESOLUTIONS.contains(&chunk.body) => {
                return [&file[..at], &file[next..]].concat().into();
            }
            b"IDAT" => break,
            _ => at = next,
        }
    }
    file
}

/// Appends a chunk with its length and checksum.
pub fn append(out: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
    out.extend_from_slice(&(body.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&name);
    out.extend_from_slice(body);
    let sum = checksum(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
}

/// CRC-32, bit by bit: only short chunks are written here.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| {
                if sum & 1 == 0 { sum >> 1 } else { (sum >> 1) ^ POLYNOMIAL }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stated_resolutions_are_kept() {
        let file = |pixels: u32| -> Bytes {
            let mut file = vec![0; SIGNATURE];
            append(&mut file, *b"IHDR", &[7; 13]);
            append(&mut file, *b"pHYs", &[&pixels.to_be_bytes()[..], &pixels.to_be_bytes(), &[1]].concat());
            append(&mut file, *b"IDAT", &[1]);
            file.into()
        };
        for (pixels, stays) in
            [(2834, false), (2835, false), (1000, false), (11811, true), (3780, true), (0, true)]
        {
            let left = without_default_resolution(file(pixels));
            let names: Vec<_> = read(&left).map(|chunk| *chunk.name).collect();
            let expected: &[[u8; 4]] =
                if stays { &[*b"IHDR", *b"pHYs", *b"IDAT"] } else { &[*b"IHDR", *b"IDAT"] };
            assert_eq!(names, expected, "{pixels}");
        }
    }

    #[test]
    fn written_chunks_are_read_back() {
        let mut file = vec![0; SIGNATURE];
        append(&mut file, *b"IEND", &[]);
        // the `IEND` chunk of every PNG
        assert_eq!(file[SIGNATURE..], [0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82]);
        append(&mut file, *b"tRNS", &[1, 2, 3]);
        let found: Vec<_> = read(&file).map(|chunk| (*chunk.name, chunk.body.to_vec())).collect();
        assert_eq!(found, [(*b"IEND", vec![]), (*b"tRNS", vec![1, 2, 3])]);
        assert_eq!(read(&file[..file.len() - 1]).count(), 1);
        assert_eq!(read(&[]).count(), 0);
    }
}
