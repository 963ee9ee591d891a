//! `trim`: detects a border of one colour.

use vips::{Access, Deadline, Image};

use crate::{
    error::{Error, Result},
    params::{Params, output::format::Format, value::colour::Colour},
    plan,
    size::{Rect, Size},
    source::Source,
    steps::{load, profile},
};

/// Tolerance in 8-bit levels by which a channel may differ from the border's colour (part of the API contract).
const TOLERANCE: f64 = 10.0;

/// The bounding box of the content inside the border, in pixels of the image oriented as requested; `None` if there is
/// no border, or nothing else. In an animation, a pixel is border only if it is border in every frame.
pub fn measure(params: &Params, source: &Source, deadline: &Deadline) -> Result<Option<Rect>> {
    let colour = params.trim_color.map_or(Colour::WHITE, |colour| colour.0);
    let stored = source.info.stored;
    let frames = frames(params, source);
    let inside = if frames > 1 {
        let stack = load::open_frames(source, frames, deadline)?;
        let each = (0..frames).map(|index| {
            let frame = stack.extract_area(0, index * stored.height, stored.width, stored.height)?;
            inside(&frame.copy_memory()?, source, colour)
        });
        each.reduce(|all, next| Ok(around(all?, next?))).unwrap_or(Ok(None))
    } else {
        let image = load::open_for_measuring(source, 1, Access::Random, deadline)?;
        inside(&image, source, colour)
    };
    let Some(inside) = inside.map_err(Error::of_pixels)? else { return Ok(None) };
    let (orientation, _) = plan::turns(params, source.info.orientation);
    let rect = orientation.oriented_rect(inside, stored);
    let whole = orientation.size(stored).rect();
    Ok((rect != whole).then_some(rect))
}

/// Frames that are analysed: all frames of an animation within its limits, or the first one if the output is a still.
fn frames(params: &Params, source: &Source) -> u32 {
    let still = matches!(params.format, Some(Format::Jpeg | Format::Png | Format::Avif))
        || params.force_jpg.is_some_and(|force| force.0);
    if still { 1 } else { source.frames_within_limits() }
}

/// The bounding box of the content. A pixel is border if compositing it over the colour changes no channel by more than
/// the tolerance, and if it is not more opaque than the colour. So transparent pixels are border whatever their colour
/// channels, and only they are border of a transparent colour.
fn inside(image: &Image, source: &Source, colour: Colour) -> vips::Result<Option<Rect>> {
    let image = profile::to_srgb(image, source.info.profile)?;
    let more_opaque = if colour.is_opaque() { None } else { opaquer(&image, colour.alpha)? };
    let image = if colour.is_grey() { image } else { profile::coloured(image)? };
    // libvips composites over the colour itself
    let bands = if image.bands() >= 3 { 3 } else { 1 };
    let other = image.find_trim(TOLERANCE, &colour.bands(bands)).map(rect)?;
    Ok(around(more_opaque, other))
}

/// The bounding box of pixels that are more opaque than this alpha.
fn opaquer(image: &Image, alpha: u8) -> vips::Result<Option<Rect>> {
    if image.has_alpha() {
        let opacity = image.extract_bands(image.bands() - 1, 1)?;
        return opacity.find_trim(f64::from(alpha) + TOLERANCE, &[0.0]).map(rect);
    }
    let opaque = f64::from(u8::MAX) > f64::from(alpha) + TOLERANCE;
    Ok(opaque.then(|| Size { width: image.width(), height: image.height() }.rect()))
}

fn rect((left, top, width, height): (u32, u32, u32, u32)) -> Option<Rect> {
    (width > 0 && height > 0).then_some(Rect { left, top, width, height })
}

/// The union of two bounding boxes.
fn around(one: Option<Rect>, other: Option<Rect>) -> Option<Rect> {
    let (Some(a), Some(b)) = (one, other) else { return one.or(other) };
    let (left, top) = (a.left.min(b.left), a.top.min(b.top));
    let right = (a.left + a.width).max(b.left + b.width);
    let bottom = (a.top + a.height).max(b.top + b.height);
    Some(Rect { left, top, width: right - left, height: bottom - top })
}
