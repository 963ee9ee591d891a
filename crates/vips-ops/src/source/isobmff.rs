//! Boxes of the ISO base media file format (ISO/IEC 14496-12), as used by AVIF.

use super::byte_reader;

/// Most boxes that are visited per file, on all levels together.
pub const MAX_BOXES: usize = 4096;

/// Iterates over the boxes of one level: types and bodies. Each visited box is subtracted from `left`.
pub struct Boxes<'a, 'b> {
    pub bytes: &'a [u8],
    pub left: &'b mut usize,
}

impl<'a> Iterator for Boxes<'a, '_> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        *self.left = self.left.checked_sub(1)?;
        let name = byte_reader::array(self.bytes, 4)?;
        // a length of 0 extends to the end, 1 is followed by a 64-bit length (ISO/IEC 14496-12, 4.2)
        let (head, length) = match byte_reader::be32(self.bytes, 0)? {
            0 => (8, self.bytes.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(byte_reader::array(self.bytes, 8)?)).ok()?),
            length => (8, length as usize),
        };
        let length = length.max(head);
        let body = byte_reader::part(self.bytes, head, length - head);
        self.bytes = self.bytes.get(length..).unwrap_or_default();
        Some((name, body))
    }
}

/// The body of the first box of a type.
pub fn child<'a>(bytes: &'a [u8], name: [u8; 4], left: &mut usize) -> Option<&'a [u8]> {
    Boxes { bytes, left }.find(|(found, _)| *found == name).map(|(_, body)| body)
}
