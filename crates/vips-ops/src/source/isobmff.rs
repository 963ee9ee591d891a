//! Boxes of ISO media files (ISO/IEC 14496-12), as AVIF has them.

use super::byte_reader;

/// Most boxes that are looked at, of all levels together.
pub const MAX_BOXES: usize = 4096;

/// The boxes of one level. Each that is looked at is taken from `left`.
pub struct Boxes<'a, 'b> {
    pub bytes: &'a [u8],
    pub left: &'b mut usize,
}

impl<'a> Iterator for Boxes<'a, '_> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        *self.left = self.left.checked_sub(1)?;
        let name = byte_reader::array(self.bytes, 4)?;
        // 0 goes to the end, and 1 means that 64 bits follow (ISO/IEC 14496-12, 4.2)
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

/// The body of the first box of a name.
pub fn child<'a>(bytes: &'a [u8], name: [u8; 4], left: &mut usize) -> Option<&'a [u8]> {
    Boxes { bytes, left }.find(|(found, _)| *found == name).map(|(_, body)| body)
}
