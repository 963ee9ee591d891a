//! The pipeline: which steps a request runs, and their order, which is defined here only.

use super::{
    faces,
    geometry::{Canvas, Window},
    overlay,
    step::{Corners, EnlargeInteresting, Eye, Paint, Resize, Rotate, Sharpen, Step},
    tone,
};
use crate::{
    orientation::Orientation,
    params::{Params, crop::crop::Crop, effect::blur::Blur, value::colour::Colour},
    size::{Rect, Size},
    source::Profile,
};

/// The geometry that has been decided, from the decoded image to the content of the output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    /// Size of the decoded image.
    pub decoded: Size,
    /// The part of it that is kept.
    pub extract: Rect,
    /// How the part is scaled; `None` for no scaling.
    pub resize: Option<Resize>,
    /// The crop of the scaled part, as stored.
    pub crop: Option<Rect>,
    /// The orientation: EXIF, with the right-angle rotations and mirrors of the request.
    pub orientation: Orientation,
    /// A rotation by another angle: clockwise degrees, and the canvas afterwards.
    pub turn: Option<(f64, Size)>,
    /// The crop after all rotations.
    pub window: Option<Window>,
    /// The larger canvas in which it is embedded.
    pub canvas: Option<Canvas>,
    /// Size after all of these.
    pub content: Size,
}

/// Properties of the pixels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pixels {
    /// Red-eye candidates, in pixels of the decoded image.
    pub eyes: Vec<Eye>,
    /// The colour conversion that they need.
    pub profile: Profile,
    /// Whether there is an alpha channel.
    pub alpha: bool,
    /// Whether the output format supports alpha.
    pub stores_alpha: bool,
}

/// The steps of a request, in the order of execution.
pub(super) fn pipeline(params: &Params, placed: &Placed, pixels: Pixels) -> Vec<Step> {
    let background = background(params);
    let pad = params.pad.map_or(0, |pad| pad.0);
    let rotate = rotate(params, placed);
    let paint = paint(placed, rotate, pad, background);
    let flatten = flattens(params, &pixels, paint);
    let overlays = overlay::overlays(params, placed.content);
    let tones = tone::corrections(params);
    let enlarge = enlarge_interesting(placed, pixels.profile);
    let resize = placed.resize.filter(|_| enlarge.is_none());
    let window = placed.window.filter(|_| enlarge.is_none());
    let steps = [
        // at full resolution, on which the eyes were detected
        (!pixels.eyes.is_empty()).then_some(Step::CorrectRedEyes(pixels.eyes)),
        // cropped parts are not scaled
        (placed.extract != placed.decoded.rect()).then_some(Step::Extract(placed.extract)),
        resize.map(Step::Resize),
        enlarge.map(Step::EnlargeInteresting),
        placed.crop.map(Step::Crop),
        // on the scaled image, before any requested colour is painted
        Some(Step::ConvertToSrgb(pixels.profile)),
        (paint.is_some() || flatten)
            .then(|| Step::PreparePaint(paint.unwrap_or(Paint { background, translucent: false }))),
        (!placed.orientation.is_upright()).then_some(Step::Orient(placed.orientation)),
        rotate.map(Step::Rotate),
        window.map(crop),
        placed.canvas.map(|canvas| Step::Embed { canvas, background }),
        (!tones.is_empty()).then_some(Step::Tone(tones)),
        params.blur.map(Blur::sigma).map(Step::Blur),
        sharpen(params).map(Step::Sharpen),
        // after all effects, so that overlays are not changed by them
        (!overlays.is_empty()).then_some(Step::Overlay { base: placed.content, overlays }),
        // around the finished image
        (pad > 0).then_some(Step::Pad { pixels: pad, background }),
        // last, since all other steps may use alpha
        flatten.then_some(Step::Flatten(background)),
    ];
    steps.into_iter().flatten().collect()
}

/// The colour of padding, borders and blank corners, and behind transparency.
pub(super) fn background(params: &Params) -> Colour {
    params.pad_color.map_or(Colour::WHITE, |colour| colour.0)
}

/// The eyes that are corrected if red, if requested.
pub(super) fn eyes(
    params: &Params,
    found: &[crate::Face],
    orientation: Orientation,
    stored: Size,
) -> Vec<Eye> {
    match params.redeye {
        Some(_) => faces::eyes(found, orientation, stored),
        None => Vec::new(),
    }
}

fn crop(window: Window) -> Step {
    match window {
        Window::Fixed(rect) => Step::Crop(rect),
        Window::Interesting(size) => Step::CropInteresting(size),
    }
}

fn rotate(params: &Params, placed: &Placed) -> Option<Rotate> {
    let corners = match params.crop {
        Some(Crop::Zoom) => Corners::Cut,
        _ => Corners::Painted(background(params)),
    };
    placed.turn.map(|(degrees, size)| Rotate { degrees, size, corners })
}

/// The most interesting part is located before upscaling, unless there is a free rotation in between.
fn enlarge_interesting(placed: &Placed, profile: Profile) -> Option<EnlargeInteresting> {
    let Some(Window::Interesting(window)) = placed.window.filter(|_| placed.turn.is_none()) else {
        return None;
    };
    let resize = placed.resize.filter(|resize| resize.size.pixels() > placed.extract.size().pixels())?;
    Some(EnlargeInteresting { resize, window, orientation: placed.orientation, profile })
}

/// The colour that is painted, if any.
fn paint(placed: &Placed, rotate: Option<Rotate>, pad: u32, background: Colour) -> Option<Paint> {
    let corners = rotate.is_some_and(|rotate| matches!(rotate.corners, Corners::Painted(_)));
    let paints = pad > 0 || placed.canvas.is_some() || corners;
    paints.then_some(Paint { background, translucent: !background.is_opaque() })
}

/// Whether alpha is removed: by request, or because the output format does not support it.
fn flattens(params: &Params, pixels: &Pixels, paint: Option<Paint>) -> bool {
    let asked =
        params.flatten.is_some_and(|flatten| flatten.0) || params.force_jpg.is_some_and(|force| force.0);
    let has_alpha = pixels.alpha || paint.is_some_and(|paint| paint.translucent);
    has_alpha && (asked || !pixels.stores_alpha)
}

/// Strength of `sharp_amount` that adds the whole difference once, and radius of a sigma of one pixel (API contract).
const AMOUNT_UNIT: f64 = 50.0;
const RADIUS_UNIT: f64 = 10.0;

fn sharpen(params: &Params) -> Option<Sharpen> {
    let sigma = params.sharp_radius.map_or(1.0, |radius| f64::from(radius.0) / RADIUS_UNIT);
    params.sharp_amount.map(|amount| Sharpen { strength: amount.0 / AMOUNT_UNIT, sigma })
}
