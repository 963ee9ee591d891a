//! Larger canvases: padding to a size, and borders.

use vips::{Image, Result, ops::Extend};

use crate::{params::value::colour::Colour, plan::geometry::Canvas, size::Size};

/// Embeds the image in a canvas of `background`.
pub fn place(image: &Image, canvas: Canvas, background: Colour) -> Result<Image> {
    let Canvas { size, left, top } = canvas;
    let colour = background.bands(image.bands());
    image.embed(left as i32, top as i32, size.width, size.height, Extend::Background(&colour))
}

/// Adds a border of `pad` pixels on each side.
pub fn border(image: &Image, pad: u32, background: Colour) -> Result<Image> {
    let size = Size { width: image.width() + 2 * pad, height: image.height() + 2 * pad };
    place(image, Canvas { size, left: pad, top: pad }, background)
}
