//! The lightness of a picture, as the measures see it.

use vips::{Image, Interpretation, Result};

/// Weights of red, green and blue (Rec. 601, as in JPEG).
const WEIGHTS: [f64; 3] = [0.299, 0.587, 0.114];

/// What shines through transparent pixels when pictures are compared: neither black nor white drawings vanish on it.
const BEHIND: f64 = 128.0;

/// Full opacity.
const OPAQUE: f64 = 255.0;

/// A plane of numbers, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane<T> {
    /// Numbers a row.
    pub width: usize,
    /// All numbers; never empty.
    pub values: Vec<T>,
}

impl<T> Plane<T> {
    /// How many rows there are.
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

/// Red, green and blue of 8-bit pixels.
pub fn rgb(image: &Image) -> Result<Vec<u8>> {
    let image = opaque(image)?;
    let coloured = if image.bands() < 3 { image.colourspace(Interpretation::Srgb)? } else { image };
    Ok(coloured.pixels()?.to_vec())
}

/// Without transparency.
fn opaque(image: &Image) -> Result<Image> {
    if !image.has_alpha() {
        return Ok(image.clone());
    }
    image.flatten(&vec![BEHIND; image.bands() as usize - 1], OPAQUE)
}
