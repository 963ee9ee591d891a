//! Transparency around operations that mix neighbouring pixels.

use vips::{BandFormat, Image, Result};

use crate::params::value::colour::Colour;

/// Full opacity of 8-bit pixels.
const OPAQUE: f64 = 255.0;

/// Runs `mix` on colours multiplied by their opacity, so that invisible pixels do not bleed; pixels stay 8-bit.
pub fn premultiplied(image: &Image, mix: impl FnOnce(&Image) -> Result<Image>) -> Result<Image> {
    if !image.has_alpha() {
        return mix(image);
    }
    let format = image.format();
    let mixed = mix(&image.premultiply()?.cast(format)?)?;
    mixed.unpremultiply()?.cast(format)
}

/// With an alpha band: opaque if there was none.
pub fn with_alpha(image: Image) -> Result<Image> {
    if image.has_alpha() { Ok(image) } else { image.bandjoin_const(OPAQUE)?.cast(BandFormat::Uchar) }
}

/// Without an alpha band: what was transparent shows `background` (white where that itself is transparent).
pub fn flattened(image: Image, background: Colour) -> Result<Image> {
    if !image.has_alpha() {
        return Ok(image);
    }
    let shown = if background.alpha == 0 { Colour::WHITE } else { background };
    image.flatten(&shown.bands(image.bands() - 1), OPAQUE)
}
