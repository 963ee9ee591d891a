//! Finding a border of one colour.

use vips::{Access, Deadline, Image};

use crate::{
    error::{Error, Result},
    params::{Params, value::colour::Colour},
    plan,
    size::Rect,
    source::Source,
    steps::{load, profile},
};

/// Levels of 255 by which a channel may differ from the border's colour (contract).
const TOLERANCE: f64 = 10.0;

/// What is left inside the border, in pixels of the picture as the request orients it; nothing when all of it is
/// border, or there is none.
pub fn measure(params: &Params, source: &Source, deadline: &Deadline) -> Result<Option<Rect>> {
    let colour = params.trim_color.map_or(Colour::WHITE, |colour| colour.0);
    let image = load::open_for_measuring(source, 1, Access::Random, deadline)?;
    let (left, top, width, height) = inside(&image, source, colour).map_err(Error::of_pixels)?;
    if width == 0 || height == 0 {
        return Ok(None);
    }
    let (orientation, _) = plan::turns(params, source.info.orientation);
    let rect = orientation.oriented_rect(Rect { left, top, width, height }, source.info.stored);
    let whole = orientation.size(source.info.stored).rect();
    Ok((rect != whole).then_some(rect))
}

fn inside(image: &Image, source: &Source, colour: Colour) -> vips::Result<(u32, u32, u32, u32)> {
    let image = profile::to_srgb(image, source.info.profile)?;
    let image = if colour.is_grey() { image } else { profile::coloured(image)? };
    // libvips flattens onto the background itself: what is transparent counts as border
    let bands = if image.bands() >= 3 { 3 } else { 1 };
    image.find_trim(TOLERANCE, &colour.bands(bands))
}
