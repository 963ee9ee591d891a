//! Conversion of pixels to model inputs.

use vips::{BandFormat, Image, Interpretation, Result, ops::Kernel};

/// Grey level behind transparent pixels.
const MID_GREY: f64 = 128.0;

/// 8-bit RGB of an image, resized to exactly this size.
pub fn rgb(image: &Image, width: u32, height: u32) -> Result<vips::Pixels> {
    let coloured = image.colourspace(Interpretation::Srgb)?;
    let opaque = if coloured.has_alpha() { coloured.flatten(&[MID_GREY; 3], 255.0)? } else { coloured };
    let factor = |wanted: u32, given: u32| f64::from(wanted) / f64::from(given);
    let horizontal = factor(width, opaque.width());
    let sized = opaque.resize(horizontal, factor(height, opaque.height()), Kernel::Linear)?;
    sized.cast(BandFormat::Uchar)?.pixels()
}

/// Separate planes of red, green and blue, in the memory layout `[1, 3, height, width]`, with values 0 to 255.
pub fn planes(rgb: &[u8]) -> Vec<f32> {
    let count = rgb.len() / 3;
    let mut planes = vec![0.0; 3 * count];
    for (band, plane) in planes.chunks_exact_mut(count).enumerate() {
        for (number, pixel) in plane.iter_mut().zip(rgb.chunks_exact(3)) {
            *number = f32::from(pixel[band]);
        }
    }
    planes
}

/// Crops a rectangle from interleaved RGB with rows of `width` pixels.
pub fn crop(rgb: &[u8], width: usize, (left, top): (usize, usize), (wide, high): (usize, usize)) -> Vec<u8> {
    let row = |y: usize| &rgb[(y * width + left) * 3..][..wide * 3];
    (top..top + high).flat_map(row).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_separated() {
        assert_eq!(planes(&[1, 2, 3, 4, 5, 6]), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }

    #[test]
    fn a_crop_is_copied_row_by_row() {
        let pixels: Vec<u8> = (0..4 * 3).flat_map(|number| [number; 3]).collect();
        let cut = crop(&pixels, 4, (1, 1), (2, 2));
        assert_eq!(cut, [5, 5, 5, 6, 6, 6, 9, 9, 9, 10, 10, 10]);
    }
}
