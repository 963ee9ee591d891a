//! Pixel planes as the metrics compare them: luma, or RGB, without transparency.

use vips::{Image, Interpretation, Result};

/// Weights of red, green and blue in luma (ITU-R BT.601, as in JPEG).
const WEIGHTS: [f64; 3] = [0.299, 0.587, 0.114];

/// Grey level behind transparent pixels: both black and white content is visible on it.
const BEHIND: f64 = 128.0;

/// Alpha of an opaque pixel.
const OPAQUE: f64 = 255.0;

/// A plane of values, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane<T> {
    /// Values per row.
    pub width: usize,
    /// All values; never empty.
    pub values: Vec<T>,
}

impl<T> Plane<T> {
    /// The number of rows.
    pub fn height(&self) -> usize {
        self.values.len() / self.width
    }
}

/// The luma of 8-bit pixels, rounded to whole levels.
pub fn luma(image: &Image) -> Result<Plane<u8>> {
    let image = opaque(image)?;
    let pixels = image.pixels()?;
    let weigh = |pixel: &[u8]| {
        let weighted = pixel.iter().zip(WEIGHTS).map(|(level, weight)| f64::from(*level) * weight);
        (weighted.sum::<f64>() + 0.5) as u8
    };
    let values = match image.bands() {
        3.. => pixels.chunks_exact(image.bands() as usize).map(|pixel| weigh(&pixel[..3])).collect(),
        _ => pixels.to_vec(),
    };
    Ok(Plane { width: image.width() as usize, values })
}

/// 8-bit RGB, interleaved.
pub fn rgb(image: &Image) -> Result<Vec<u8>> {
    let image = opaque(image)?;
    let coloured = if image.bands() < 3 { image.colourspace(Interpretation::Srgb)? } else { image };
    Ok(coloured.pixels()?.to_vec())
}

/// Composites onto mid grey if there is an alpha channel.
fn opaque(image: &Image) -> Result<Image> {
    if !image.has_alpha() {
        return Ok(image.clone());
    }
    image.flatten(&vec![BEHIND; image.bands() as usize - 1], OPAQUE)
}
