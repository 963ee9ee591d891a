//! The chunks of a PNG.

use super::byte_reader;

/// Bytes before the first chunk (PNG, 5.2).
const SIGNATURE: usize = 8;

/// Bytes of a chunk before its body (length and type) and after it (checksum) (PNG, 5.3).
const BEFORE: usize = 8;
const AFTER: usize = 4;

/// Most chunks that are visited.
const MAX_CHUNKS: usize = 1024;

/// Iterates over the chunks before the pixels: types and bodies. The last body is truncated where the file ends.
pub fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut at = SIGNATURE;
    let next = move || {
        let length = byte_reader::be32(bytes, at)? as usize;
        let name = byte_reader::array(bytes, at + 4).filter(|name| !matches!(name, b"IDAT" | b"IEND"))?;
        let body = byte_reader::part(bytes, at + BEFORE, length);
        at = at.checked_add(BEFORE + AFTER + length)?;
        Some((name, body))
    };
    std::iter::from_fn(next).take(MAX_CHUNKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32).to_be_bytes(), name, body, &[0; AFTER]].concat()
    }

    #[test]
    fn chunks_before_the_pixels() {
        let file = [
            vec![0; SIGNATURE],
            chunk(b"IHDR", &[1, 2]),
            chunk(b"gAMA", &[]),
            chunk(b"IDAT", &[3]),
            chunk(b"tEXt", &[4]),
        ]
        .concat();
        let found = |bytes| chunks(bytes).map(|(name, body)| (name, body.to_vec())).collect::<Vec<_>>();
        assert_eq!(found(&file), [(*b"IHDR", vec![1, 2]), (*b"gAMA", vec![])]);
        assert_eq!(found(&file[..=SIGNATURE + BEFORE]), [(*b"IHDR", vec![1])]);
        assert_eq!(found(&file[..SIGNATURE + BEFORE - 1]), []);
        assert_eq!(found(&[]), []);
        let many = [vec![0; SIGNATURE], chunk(b"gAMA", &[]).repeat(MAX_CHUNKS + 1)].concat();
        assert_eq!(chunks(&many).count(), MAX_CHUNKS);
    }
}
