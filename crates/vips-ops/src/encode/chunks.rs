//! The chunks of a PNG that was just written.

/// Bytes before the first chunk (PNG, 5.2).
pub const SIGNATURE: usize = 8;

/// Where the header's body says how colours are stored (PNG, 11.2.2).
pub const COLOUR_TYPE: usize = 9;

/// Bytes of a chunk beside its body: length and name before it, checksum after it (PNG, 5.3).
const BEFORE: usize = 8;
const AFTER: usize = 4;

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
pub fn of(file: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = file.get(SIGNATURE..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let whole = rest.get(..length.checked_add(BEFORE + AFTER)?)?;
        let name = whole[AFTER..].first_chunk()?;
        rest = &rest[whole.len()..];
        Some(Chunk { name, body: &whole[BEFORE..BEFORE + length], whole })
    })
}

/// Appends a chunk.
pub fn write(out: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
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
    fn what_is_written_is_read() {
        let mut file = vec![0; SIGNATURE];
        write(&mut file, *b"IEND", &[]);
        // the bytes that end every PNG
        assert_eq!(file[SIGNATURE..], [0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82]);
        write(&mut file, *b"tRNS", &[1, 2, 3]);
        let found: Vec<_> = of(&file).map(|chunk| (*chunk.name, chunk.body.to_vec())).collect();
        assert_eq!(found, [(*b"IEND", vec![]), (*b"tRNS", vec![1, 2, 3])]);
        assert_eq!(of(&file[..file.len() - 1]).count(), 1);
        assert_eq!(of(&[]).count(), 0);
    }
}
