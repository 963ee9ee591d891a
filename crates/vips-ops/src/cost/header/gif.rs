//! GIF: walks over all blocks.

use super::scanned::ScannedHeader;
use crate::source::byte_reader;

/// Most blocks that are visited, in about a millisecond; the rest is extrapolated.
const MAX_BLOCKS: usize = 400_000;

/// Flag of a graphic control extension that states a transparent colour (`GIF89a`, 23).
const IS_TRANSPARENT: u8 = 1;

/// Scans the logical screen descriptor, and counts the images.
pub fn scan(bytes: &[u8]) -> Option<ScannedHeader> {
    let screen = (u32::from(byte_reader::le16(bytes, 6)?), u32::from(byte_reader::le16(bytes, 8)?));
    let mut walk = Walk { bytes, at: 13 + table(byte_reader::byte(bytes, 10)?), left: MAX_BLOCKS };
    let (mut frames, mut alpha) = (0u64, false);
    while let Some(block) = walk.next_block() {
        match block {
            Block::Image => frames += 1,
            Block::Control { transparent } => alpha |= transparent,
            Block::Other => {}
        }
    }
    if walk.left == 0 {
        frames = frames * bytes.len() as u64 / walk.at.clamp(1, bytes.len()) as u64;
    }
    let frames = u32::try_from(frames).unwrap_or(u32::MAX);
    Some(ScannedHeader { frames, ..ScannedHeader::still(screen.0, screen.1).alpha(alpha) })
}

/// Bytes of the colour table stated by packed fields.
fn table(fields: u8) -> usize {
    if fields & 0x80 == 0 { 0 } else { 3 << ((fields & 7) + 1) }
}

enum Block {
    Image,
    Control { transparent: bool },
    Other,
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
}

impl Walk<'_> {
    fn next_block(&mut self) -> Option<Block> {
        self.left = self.left.checked_sub(1)?;
        let block = match byte_reader::byte(self.bytes, self.at)? {
            0x2c => {
                let fields = byte_reader::byte(self.bytes, self.at + 9)?;
                // image descriptor, colour table, LZW code size
                self.at += 10 + table(fields) + 1;
                Block::Image
            }
            0x21 => {
                let control = byte_reader::byte(self.bytes, self.at + 1)? == 0xf9;
                let fields = byte_reader::byte(self.bytes, self.at + 3).unwrap_or(0);
                self.at += 2;
                let transparent = fields & IS_TRANSPARENT != 0;
                if control { Block::Control { transparent } } else { Block::Other }
            }
            _ => return None,
        };
        self.skip_data();
        Some(block)
    }

    /// Skips the sub-blocks of a block; the last one is empty.
    fn skip_data(&mut self) {
        while let Some(length) = byte_reader::byte(self.bytes, self.at) {
            self.at += 1 + usize::from(length);
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            if length == 0 {
                return;
            }
        }
    }
}
