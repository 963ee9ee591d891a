//! A block of 16 pixels stored channel by channel, so that loops of a fixed length over arrays compile to SIMD
//! instructions.

use super::pixel::PixelContext;

/// Pixels per block.
pub const LANES: usize = 16;

/// Bytes per block of 8-bit RGB.
const BYTES: usize = 3 * LANES;

/// One value per pixel of the block.
type Lane = [f32; LANES];

/// Neighbouring pixels of one row, and the context that operations may use (see [`PixelContext`]).
#[derive(Debug, Clone, Copy)]
pub struct Block {
    colours: [Lane; 3],
    /// Distance from the image centre, in half diagonals.
    pub radius: Lane,
    /// Luma of the wide neighbourhood, 0 to 1.
    pub wide: Lane,
    /// Luma of the near neighbourhood, 0 to 1.
    pub near: Lane,
}

impl Block {
    /// A block of black pixels.
    pub const EMPTY: Self =
        Self { colours: [[0.0; LANES]; 3], radius: [0.0; LANES], wide: [0.0; LANES], near: [0.0; LANES] };

    /// Loads the colours of at most [`LANES`] pixels (8-bit RGB, interleaved), scaled to 0 to 1.
    pub fn read(&mut self, pixels: &[u8]) {
        let mut bytes = [0; BYTES];
        bytes[..pixels.len()].copy_from_slice(pixels);
        for lane in 0..LANES {
            for channel in 0..3 {
                self.colours[channel][lane] = f32::from(bytes[3 * lane + channel]) * (1.0 / 255.0);
            }
        }
    }

    /// Stores the colours as 8-bit RGB, rounded to the nearest level.
    pub fn write(&self, pixels: &mut [u8]) {
        let mut bytes = [0; BYTES];
        for lane in 0..LANES {
            for channel in 0..3 {
                // values are in range; a cast via `i32` avoids the checks of a saturating cast
                bytes[3 * lane + channel] = (self.colours[channel][lane] * 255.0 + 0.5) as i32 as u8;
            }
        }
        pixels.copy_from_slice(&bytes[..pixels.len()]);
    }

    /// Applies `change` to each pixel and clamps the result to 0 to 1.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the loop is vectorised only if `change` is inlined into it")]
    pub fn map_pixels(&mut self, change: impl Fn([f32; 3], PixelContext) -> [f32; 3]) {
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
    fn every_level_round_trips() {
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
    fn a_row_may_end_inside_a_block() {
        let mut block = Block::EMPTY;
        block.read(&[10, 20, 30, 40, 50, 60]);
        block.map_pixels(|[red, green, blue], _| [blue, green * 100.0, -red]);
        let mut out = [0; 6];
        block.write(&mut out);
        assert_eq!(out, [30, 255, 0, 60, 255, 0]);
    }
}
