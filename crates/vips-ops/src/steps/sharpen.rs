//! Sharpening by an unsharp mask.

use image_api::plan::step::Sharpen;
use vips::{BandFormat, Image, Result};

/// Sharpens an 8-bit image; alpha is unchanged.
pub fn apply(image: &Image, sharpen: Sharpen) -> Result<Image> {
    let image = image.copy_memory()?;
    let colours = image.bands() - u32::from(image.has_alpha());
    let picture = image.extract_bands(0, colours)?;
    let soft = picture.gaussblur(sharpen.sigma)?;
    let neutral = vec![0.0; colours as usize];
    let rounded = vec![0.5; colours as usize];
    let own = picture.linear(&vec![1.0 + sharpen.strength; colours as usize], &rounded)?;
    let less = soft.linear(&vec![-sharpen.strength; colours as usize], &neutral)?;
    let sharp = own.add(&less)?.cast(BandFormat::Uchar)?;
    if image.has_alpha() { Image::bandjoin(&[&sharp, &image.extract_bands(colours, 1)?]) } else { Ok(sharp) }
}
