//! Rotation by angles other than right angles.

use vips::{BandFormat, Image, Result};

use crate::{
    plan::step::{Corners, Rotate},
    size::Size,
    steps::{alpha, resize},
};

/// Rotates; corners are filled with their colour, and the canvas has exactly the planned size.
pub fn apply(image: &Image, turn: Rotate) -> Result<Image> {
    let image = image.copy_memory()?;
    let Corners::Painted(background) = turn.corners else {
        let Size { width, height } = turn.size;
        return alpha::premultiplied(&image, |image| image.rotate_extended(turn.degrees, width, height));
    };
    let bands = background.bands(image.bands());
    let format = image.format();
    let turned = if image.has_alpha() {
        let opacity = f64::from(background.alpha) / 255.0;
        let last = bands.len() - 1;
        let premultiplied: Vec<f64> = bands
            .iter()
            .enumerate()
            .map(|(band, value)| if band == last { *value } else { value * opacity })
            .collect();
        alpha::premultiplied(&image, |image| image.rotate(turn.degrees, &premultiplied))?
    } else {
        image.rotate(turn.degrees, &bands)?
    };
    let turned = if format == BandFormat::Uchar { turned.cast(format)? } else { turned };
    let exact = (turned.width(), turned.height()) == (turn.size.width, turn.size.height);
    // libvips and the planner may round the canvas size differently, by a pixel
    if exact { Ok(turned) } else { resize::to(&turned, turn.size) }
}
