//! ICO: selects the best image of an icon, and prepares its bytes for a decoder.

use super::byte_reader;

/// Bytes of the bitmap header in an icon (always `BITMAPINFOHEADER`), and bits per pixel with alpha.
const HEADER: usize = 6;
const ENTRY: usize = 16;

/// Most directory entries that are read.
const MAX_ENTRIES: usize = 256;

/// Side in pixels that a directory entry states as 0.
const LARGEST: u32 = 256;

/// Signature of a PNG, and the bits per pixel that one counts as.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const PNG_BITS: u16 = 32;

/// Bytes of the bitmap header in an icon (always `BITMAPINFOHEADER`), and bits per pixel with alpha.
const BITMAP_HEADER: usize = 40;
const ALPHA_BITS: u16 = 32;

/// Offset of alpha in a BGRA pixel.
const ALPHA: usize = 3;

/// An image of an icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcoImage<'a> {
    /// Width in pixels, as stated by the directory.
    pub width: u32,
    /// Height in pixels, as stated by the directory.
    pub height: u32,
    /// A PNG, or a BMP without its file header.
    pub data: &'a [u8],
    bits: u16,
}

impl<'a> IcoImage<'a> {
    /// The best image: the one with the most bits per pixel, and of these the largest; the last of equal ones.
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
        // many files leave the bit depth out of the directory; the bitmap header states it too
        let bits = match stated {
            0 if data.starts_with(PNG) => PNG_BITS,
            0 => byte_reader::le16(data, 14).unwrap_or_default(),
            bits => bits,
        };
        Self { width: side(entry[0]), height: side(entry[1]), data, bits }
    }

    /// The file, if it is a PNG.
    pub fn png(&self) -> Option<&'a [u8]> {
        self.data.starts_with(PNG).then_some(self.data)
    }

    /// An icon file with only this image, whose mask is cleared if alpha makes it redundant.
    ///
    /// With an alpha channel, the mask is for displays without alpha: programs set it for pixels that are mostly
    /// transparent. If alpha is 0 everywhere, it is unused and the mask counts.
    pub fn as_single_icon(&self) -> Vec<u8> {
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
        // a side of 256 is encoded as 0
        icon.extend([self.width as u8, self.height as u8, 0, 0, 1, 0]);
        icon.extend(self.bits.to_le_bytes());
        icon.extend((data.len() as u32).to_le_bytes());
        icon.extend(((HEADER + ENTRY) as u32).to_le_bytes());
        icon.extend(data);
        icon
    }

    /// The range of the pixels of an uncompressed 32-bit bitmap.
    fn pixels(&self) -> Option<std::ops::Range<usize>> {
        let long = |at| byte_reader::le32(self.data, at);
        let plain = long(0)? as usize == BITMAP_HEADER && long(16)? == 0;
        let with_alpha = plain && byte_reader::le16(self.data, 14)? == ALPHA_BITS;
        // the height includes the rows of the mask
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

    /// An icon with these entries: side, stated bits per pixel, data.
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
        fn arbitrary_bytes_do_not_panic(tail: Vec<u8>, data: Vec<u8>) {
            let _ = IcoImage::best(&[b"\0\0\x01\0\x02\0".as_slice(), &tail].concat()).map(|icon| icon.as_single_icon());
            let data = [b"\x28\0\0\0\x02\0\0\0\x04\0\0\0\x01\0\x20\0\0\0\0\0".as_slice(), &data].concat();
            let _ = IcoImage::best(&icon(&[(2, 32, &data)])).map(|icon| icon.as_single_icon());
        }
    }
}
