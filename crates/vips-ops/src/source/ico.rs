//! ICO: which of the pictures in an icon is read, and what its bytes have to be for a decoder.

use super::byte_reader;

/// Bytes of an icon's header and of an entry of its directory.
const HEADER: usize = 6;
const ENTRY: usize = 16;

/// Most entries of a directory that are looked at.
const MAX_ENTRIES: usize = 256;

/// What a side of 0 means in a directory.
const LARGEST: u32 = 256;

/// What a PNG begins with, and the bits of a pixel that one counts as.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const PNG_BITS: u16 = 32;

/// Bytes of the header of a bitmap in an icon, which is always the same version, and the bits of a pixel with alpha.
const BITMAP_HEADER: usize = 40;
const ALPHA_BITS: u16 = 32;

/// Where alpha is in a pixel of four bytes.
const ALPHA: usize = 3;

/// A picture of an icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcoImage<'a> {
    /// Pixels from left to right, as the directory states them.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// A PNG, or a bitmap without a file header.
    pub data: &'a [u8],
    bits: u16,
}

impl<'a> IcoImage<'a> {
    /// The best picture: the one with the most bits, and of these with the most pixels. The last of equal ones.
    pub fn best(bytes: &'a [u8]) -> Option<Self> {
        let count = usize::from(byte_reader::le16(bytes, 4)?).min(MAX_ENTRIES);
        let entries = byte_reader::part(bytes, HEADER, count * ENTRY).chunks_exact(ENTRY);
        entries.map(|entry| Self::of(bytes, entry)).max_by_key(|icon| (icon.bits, icon.width * icon.height))
    }

    fn of(bytes: &'a [u8], entry: &[u8]) -> Self {
        let side = |side: u8| if side == 0 { LARGEST } else { side.into() };
        let long = |at| byte_reader::le32(entry, at).unwrap_or_default() as usize;
        let data = byte_reader::part(bytes, long(12), long(8));
        let stated = byte_reader::le16(entry, 6).unwrap_or_default();
        // many files leave the number of bits out, which stands in the bitmap too
        let bits = match stated {
            0 if data.starts_with(PNG) => PNG_BITS,
            0 => byte_reader::le16(data, 14).unwrap_or_default(),
            bits => bits,
        };
        Self { width: side(entry[0]), height: side(entry[1]), data, bits }
    }

    /// The PNG that it is.
    pub fn png(&self) -> Option<&'a [u8]> {
        self.data.starts_with(PNG).then_some(self.data)
    }

    /// An icon with this picture alone, whose mask says nothing that alpha says better.
    ///
    /// With alpha the mask is for screens without it: programs set it wherever a pixel is more transparent than not. Where
    /// alpha is 0 all over, it was never meant, and the mask counts.
    pub fn alone(&self) -> Vec<u8> {
        let mut data = self.data.to_vec();
        if let Some(pixels) = self.pixels() {
            let (colours, mask) = data.split_at_mut(pixels.end);
            let colours = &mut colours[pixels.start..];
            if colours.chunks_exact(4).all(|pixel| pixel[ALPHA] == 0) {
                colours.chunks_exact_mut(4).for_each(|pixel| pixel[ALPHA] = u8::MAX);
            } else {
                mask.fill(0);
            }
        }
        let mut icon = b"\0\0\x01\0\x01\0".to_vec();
        // a side of 256 is written as 0
        icon.extend([self.width as u8, self.height as u8, 0, 0, 1, 0]);
        icon.extend(self.bits.to_le_bytes());
        icon.extend((data.len() as u32).to_le_bytes());
        icon.extend(((HEADER + ENTRY) as u32).to_le_bytes());
        icon.extend(data);
        icon
    }

    /// Where the pixels of four bytes are in a bitmap that has such, uncompressed.
    fn pixels(&self) -> Option<std::ops::Range<usize>> {
        let long = |at| byte_reader::le32(self.data, at);
        let plain = long(0)? as usize == BITMAP_HEADER && long(16)? == 0;
        let with_alpha = plain && byte_reader::le16(self.data, 14)? == ALPHA_BITS;
        // the height counts the rows of the mask too
        let (width, height) = (long(4)? as usize, long(8)? as usize / 2);
        let length = width.checked_mul(height)?.checked_mul(4)?;
        let end = BITMAP_HEADER.checked_add(length)?;
        (with_alpha && end <= self.data.len()).then_some(BITMAP_HEADER..end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An icon of these entries: side, stated bits and data.
    fn icon(entries: &[(u8, u16, &[u8])]) -> Vec<u8> {
        let mut bytes = [b"\0\0\x01\0".as_slice(), &(entries.len() as u16).to_le_bytes()].concat();
        let mut at = (HEADER + entries.len() * ENTRY) as u32;
        for (side, bits, data) in entries {
            bytes.extend([*side, *side, 0, 0, 1, 0]);
            bytes.extend(bits.to_le_bytes());
            bytes.extend((data.len() as u32).to_le_bytes());
            bytes.extend(at.to_le_bytes());
            at += data.len() as u32;
        }
        for (_, _, data) in entries {
            bytes.extend(*data);
        }
        bytes
    }

    #[test]
    fn most_bits_then_most_pixels() {
        let bitmap = |bits: u8| [b"\x28\0\0\0........\x01\0".as_slice(), &[bits, 0]].concat();
        let (deep, shallow) = (bitmap(32), bitmap(8));
        let best = |entries: &[(u8, u16, &[u8])]| {
            let bytes = icon(entries);
            IcoImage::best(&bytes).map(|icon| (icon.width, icon.png().is_some()))
        };
        assert_eq!(best(&[(16, 32, &deep), (48, 8, &shallow)]), Some((16, false)));
        assert_eq!(best(&[(16, 0, &deep), (48, 0, &shallow)]), Some((16, false)));
        assert_eq!(best(&[(32, 32, &deep), (0, 0, PNG), (16, 32, &deep)]), Some((256, true)));
        assert_eq!(best(&[]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(tail: Vec<u8>, data: Vec<u8>) {
            let _ = IcoImage::best(&[b"\0\0\x01\0\x02\0".as_slice(), &tail].concat()).map(|icon| icon.alone());
            let data = [b"\x28\0\0\0\x02\0\0\0\x04\0\0\0\x01\0\x20\0\0\0\0\0".as_slice(), &data].concat();
            let _ = IcoImage::best(&icon(&[(2, 32, &data)])).map(|icon| icon.alone());
        }
    }
}
