//! Alpha handling around operations that mix neighbouring pixels.

use vips::{BandFormat, Image, Result};

use crate::params::value::colour::Colour;

/// Full opacity of 8-bit pixels.
const OPAQUE: f64 = 255.0;

/// Runs `mix` on premultiplied colours, so that colours of transparent pixels do not bleed. 8-bit pixels stay 8-bit.
pub fn premultiplied(image: &Image, mix: impl FnOnce(&Image) -> Result<Image>) -> Result<Image> {
    if !image.has_alpha() {
        return mix(image);
    }
    let format = image.format();
    let mixed = mix(&image.premultiply()?.cast(format)?)?;
    mixed.unpremultiply()?.cast(format)
}

/// Adds an opaque alpha band if there is none.
pub fn with_alpha(image: Image) -> Result<Image> {
    if image.has_alpha() { Ok(image) } else { image.bandjoin_const(OPAQUE)?.cast(BandFormat::Uchar) }
}

/// Removes the alpha band: composites onto `background`, or onto white if that is transparent itself.
pub fn flattened(image: Image, background: Colour) -> Result<Image> {
    if !image.has_alpha() {
        return Ok(image);
    }
    let shown = if background.alpha == 0 { Colour::WHITE } else { background };
    image.flatten(&shown.bands(image.bands() - 1), OPAQUE)
}
