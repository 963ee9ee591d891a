//! Nudity detection by Yahoo's `open_nsfw`: one score per photograph.

use vips::Image;

use crate::{
    engine::{Engine, Input, Model},
    error::Result,
    pixels,
};

/// Side in pixels of the square that the image is stretched to.
const SQUASHED: u32 = 256;
/// Side in pixels of the centre crop that is the model's input.
const SIDE: usize = 224;

/// Mean of the training data, in BGR order.
const MEAN_BGR: [f32; 3] = [104.0, 117.0, 123.0];

/// See [`crate::Vision::nsfw`].
pub fn score(engine: &Engine, model: &Model, image: &Image) -> Result<f32> {
    let whole = pixels::rgb(image, SQUASHED, SQUASHED)?;
    let edge = (SQUASHED as usize - SIDE) / 2;
    let middle = pixels::crop(&whole, SQUASHED as usize, (edge, edge), (SIDE, SIDE));
    let input = Input { shape: [1, SIDE, SIDE, 3], numbers: bgr_minus_mean(&middle) };
    model.run(engine, input, |outputs| {
        let (_, scores) = outputs["outputs"].try_extract_tensor::<f32>()?;
        // probabilities of safe and not safe
        Ok(scores[1])
    })
}

fn bgr_minus_mean(rgb: &[u8]) -> Vec<f32> {
    let bgr = rgb.chunks_exact(3).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]);
    bgr.zip(MEAN_BGR.into_iter().cycle()).map(|(level, mean)| f32::from(level) - mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_bgr_minus_the_mean() {
        assert_eq!(bgr_minus_mean(&[123, 117, 104, 0, 0, 0]), [0.0, 0.0, 0.0, -104.0, -117.0, -123.0]);
    }
}
