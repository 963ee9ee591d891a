//! Boxes of the ISO base media file format (ISO/IEC 14496-12), as used by AVIF.

/// Most boxes that are visited per file, on all levels together.
pub(super) const MAX_BOXES: usize = 4096;

/// Iterates over the boxes of one level: types and bodies. Each visited box is subtracted from `left`.
pub(super) struct Boxes<'a, 'b> {
    pub bytes: &'a [u8],
    pub left: &'b mut usize,
}

impl<'a> Iterator for Boxes<'a, '_> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        *self.left = self.left.checked_sub(1)?;
        let name = *self.bytes.get(4..)?.first_chunk()?;
        // a length of 0 extends to the end, 1 is followed by a 64-bit length (ISO/IEC 14496-12, 4.2)
        let (head, length) = match number(self.bytes, 0, 4)? {
            0 => (8, self.bytes.len()),
            1 => (16, usize::try_from(number(self.bytes, 8, 8)?).ok()?),
            length => (8, length as usize),
        };
        let end = length.max(head).min(self.bytes.len());
        let body = self.bytes.get(head..end).unwrap_or_default();
        self.bytes = &self.bytes[end..];
        Some((name, body))
    }
}

/// The body of the first box of a type.
pub(super) fn child<'a>(bytes: &'a [u8], name: [u8; 4], left: &mut usize) -> Option<&'a [u8]> {
    Boxes { bytes, left }.find(|(found, _)| *found == name).map(|(_, body)| body)
}

/// A big-endian integer of `width` bytes, 0 to 8; `None` beyond the end.
pub(super) fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(width)?)?;
    Some(part.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
