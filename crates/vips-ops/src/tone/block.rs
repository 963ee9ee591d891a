//! Sixteen pixels at a time, channel by channel: loops of a fixed length over arrays, which become vector instructions.

use super::pixel::PixelContext;

/// Pixels of a block.
pub const LANES: usize = 16;

/// Bytes of a block of 8-bit red, green and blue.
const BYTES: usize = 3 * LANES;

/// One number for each pixel.
type Lane = [f32; LANES];

/// Neighbouring pixels of one row, and what operations may know of them.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    colours: [Lane; 3],
    /// Distance from the middle, in half diagonals.
    pub radius: Lane,
    /// Luma of the wide neighbourhood.
    pub wide: Lane,
    /// Luma of the near neighbourhood.
    pub near: Lane,
}

impl Block {
    /// No pixels yet.
    pub const EMPTY: Self =
        Self { colours: [[0.0; LANES]; 3], radius: [0.0; LANES], wide: [0.0; LANES], near: [0.0; LANES] };

    /// Takes the colours of at most `LANES` pixels.
    pub fn read(&mut self, pixels: &[u8]) {
        let mut bytes = [0; BYTES];
        bytes[..pixels.len()].copy_from_slice(pixels);
        for lane in 0..LANES {
            for channel in 0..3 {
                self.colours[channel][lane] = f32::from(bytes[3 * lane + channel]) * (1.0 / 255.0);
            }
        }
    }

    /// Gives the colours back, rounded.
    pub fn write(&self, pixels: &mut [u8]) {
        let mut bytes = [0; BYTES];
        for lane in 0..LANES {
            for channel in 0..3 {
                // in range already; the way over `i32` spares the checks of a saturating cast
                bytes[3 * lane + channel] = (self.colours[channel][lane] * 255.0 + 0.5) as i32 as u8;
            }
        }
        pixels.copy_from_slice(&bytes[..pixels.len()]);
    }

    /// Changes each pixel; what comes out is clipped to 0 to 1.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "vector instructions come of it only where `change` is known")]
    pub fn each(&mut self, change: impl Fn([f32; 3], PixelContext) -> [f32; 3]) {
        for lane in 0..LANES {
            let place =
                PixelContext { radius: self.radius[lane], wide: self.wide[lane], near: self.near[lane] };
            let [red, green, blue] = &mut self.colours;
            let changed = change([red[lane], green[lane], blue[lane]], place);
            let [new_red, new_green, new_blue] = changed.map(|value| value.clamp(0.0, 1.0));
            (red[lane], green[lane], blue[lane]) = (new_red, new_green, new_blue);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_comes_back() {
        let mut block = Block::EMPTY;
        for level in 0..=255u8 {
            let pixels = [level; BYTES];
            block.read(&pixels);
            let mut out = [!level; BYTES];
            block.write(&mut out);
            assert_eq!(out, pixels);
        }
    }

    #[test]
    fn a_row_may_end_within_a_block() {
        let mut block = Block::EMPTY;
        block.read(&[10, 20, 30, 40, 50, 60]);
        block.each(|[red, green, blue], _| [blue, green * 100.0, -red]);
        let mut out = [0; 6];
        block.write(&mut out);
        assert_eq!(out, [30, 255, 0, 60, 255, 0]);
    }
}
