//! The chunks of a PNG that was just written.

use bytes::Bytes;

/// Bytes before the first chunk (PNG, 5.2).
pub const SIGNATURE: usize = 8;

/// Where the header's body says how colours are stored (PNG, 11.2.2).
pub const COLOUR_TYPE: usize = 9;

/// Bytes of a chunk beside its body: length and name before it, checksum after it (PNG, 5.3).
const BEFORE: usize = 8;
const AFTER: usize = 4;

/// Resolutions that libvips makes up, as a PNG states them: pixels a metre across and down, and the unit (PNG, 11.3.4.3).
const DEFAULT_RESOLUTIONS: [&[u8]; 3] =
    [&[0, 0, 11, 18, 0, 0, 11, 18, 1], &[0, 0, 11, 19, 0, 0, 11, 19, 1], &[0, 0, 3, 232, 0, 0, 3, 232, 1]];

/// The reversed polynomial of the checksum (PNG, Annex D).
const POLYNOMIAL: u32 = 0xedb8_8320;

/// A chunk.
pub struct Chunk<'a> {
    /// Its name, `IDAT` say.
    pub name: &'a [u8; 4],
    /// What it says.
    pub body: &'a [u8],
    /// All of it, with length, name and checksum.
    pub whole: &'a [u8],
}

/// The chunks of a file, up to the first that is not whole.
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

/// The file without a resolution that no original stated: libvips writes one into every PNG, of 72 pixels an inch, or of one
/// a millimetre. Whoever states one of these says what holds without it.
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

/// Appends a chunk.
pub fn append(out: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
    out.extend_from_slice(&(body.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&name);
    out.extend_from_slice(body);
    let sum = checksum(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
}

/// CRC-32, bit by bit: what is written here is short.
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
    fn resolutions_that_were_stated_stay() {
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
    fn what_is_written_is_read() {
        let mut file = vec![0; SIGNATURE];
        append(&mut file, *b"IEND", &[]);
        // the bytes that end every PNG
        assert_eq!(file[SIGNATURE..], [0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82]);
        append(&mut file, *b"tRNS", &[1, 2, 3]);
        let found: Vec<_> = read(&file).map(|chunk| (*chunk.name, chunk.body.to_vec())).collect();
        assert_eq!(found, [(*b"IEND", vec![]), (*b"tRNS", vec![1, 2, 3])]);
        assert_eq!(read(&file[..file.len() - 1]).count(), 1);
        assert_eq!(read(&[]).count(), 0);
    }
}
