//! Nudity, by Yahoo's `open_nsfw`: one number a photograph.

use vips::Image;

use crate::{
    engine::{Engine, Input, Model},
    error::Result,
    pixels,
};

/// The picture is squashed to this square,
const SQUASHED: u32 = 256;
/// and the middle of it is looked at.
const SIDE: usize = 224;

/// What the training subtracted, blue first.
const MEAN_BGR: [f32; 3] = [104.0, 117.0, 123.0];

/// See [`crate::Vision::nsfw`].
pub fn score(engine: &Engine, model: &Model, image: &Image) -> Result<f32> {
    let whole = pixels::rgb(image, SQUASHED, SQUASHED)?;
    let edge = (SQUASHED as usize - SIDE) / 2;
    let middle = pixels::crop(&whole, SQUASHED as usize, (edge, edge), (SIDE, SIDE));
    let input = Input { shape: [1, SIDE, SIDE, 3], numbers: prepared(&middle) };
    model.run(engine, input, |outputs| {
        let (_, scores) = outputs["outputs"].try_extract_tensor::<f32>()?;
        // safe, and not safe
        Ok(scores[1])
    })
}

fn prepared(rgb: &[u8]) -> Vec<f32> {
    let bgr = rgb.chunks_exact(3).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]);
    bgr.zip(MEAN_BGR.into_iter().cycle()).map(|(level, mean)| f32::from(level) - mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blue_comes_first_and_means_are_subtracted() {
        assert_eq!(prepared(&[123, 117, 104, 0, 0, 0]), [0.0, 0.0, 0.0, -104.0, -117.0, -123.0]);
    }
}
