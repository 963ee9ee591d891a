//! The order of the pipeline: the one place that states it, and what runs.

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

/// What has been decided about the geometry, from the decoded picture to the answer's content.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    /// Size of the decoded picture.
    pub decoded: Size,
    /// The part of it that is kept.
    pub extract: Rect,
    /// How the part is scaled; not at all if absent.
    pub resize: Option<Resize>,
    /// What is cut out of the scaled part, as it is stored.
    pub crop: Option<Rect>,
    /// What makes it upright, with right-angle turns and mirrors that were asked for.
    pub orientation: Orientation,
    /// A turn by another angle: clockwise degrees, and the canvas afterwards.
    pub turn: Option<(f64, Size)>,
    /// What is cut out after all turns.
    pub window: Option<Window>,
    /// The larger canvas that it is put on.
    pub canvas: Option<Canvas>,
    /// Size after all of it.
    pub content: Size,
}

/// What is known of the pixels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pixels {
    /// Red-eye candidates, in pixels of the decoded picture.
    pub eyes: Vec<Eye>,
    /// What their colours need.
    pub profile: Profile,
    /// Whether they can be transparent.
    pub alpha: bool,
    /// Whether the encoding can store that.
    pub stores_alpha: bool,
}

/// The steps of a request, in the order in which they are executed.
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
        // at full resolution, where the eyes were found
        (!pixels.eyes.is_empty()).then_some(Step::CorrectRedEyes(pixels.eyes)),
        // what is cut away is not scaled first
        (placed.extract != placed.decoded.rect()).then_some(Step::Extract(placed.extract)),
        resize.map(Step::Resize),
        enlarge.map(Step::EnlargeInteresting),
        placed.crop.map(Step::Crop),
        // on the small picture, and before any colour that the request names is painted
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
        // they are to be seen as they are, whatever was done to the picture
        (!overlays.is_empty()).then_some(Step::Overlay { base: placed.content, overlays }),
        // around the finished picture
        (pad > 0).then_some(Step::Pad { pixels: pad, background }),
        // last, since everything before may make use of alpha
        flatten.then_some(Step::Flatten(background)),
    ];
    steps.into_iter().flatten().collect()
}

/// The colour of borders, blank corners, and of what was transparent.
pub(super) fn background(params: &Params) -> Colour {
    params.pad_color.map_or(Colour::WHITE, |colour| colour.0)
}

/// The eyes that are corrected where they are red, when that is asked for.
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

/// An interesting part is located before the picture is enlarged, if no free turn comes between.
fn enlarge_interesting(placed: &Placed, profile: Profile) -> Option<EnlargeInteresting> {
    let Some(Window::Interesting(window)) = placed.window.filter(|_| placed.turn.is_none()) else {
        return None;
    };
    let resize = placed.resize.filter(|resize| resize.size.pixels() > placed.extract.size().pixels())?;
    Some(EnlargeInteresting { resize, window, orientation: placed.orientation, profile })
}

/// What is painted, if anything is.
fn paint(placed: &Placed, rotate: Option<Rotate>, pad: u32, background: Colour) -> Option<Paint> {
    let corners = rotate.is_some_and(|rotate| matches!(rotate.corners, Corners::Painted(_)));
    let paints = pad > 0 || placed.canvas.is_some() || corners;
    paints.then_some(Paint { background, translucent: !background.is_opaque() })
}

/// Whether alpha is removed: it was asked for, or the answer cannot store it.
fn flattens(params: &Params, pixels: &Pixels, paint: Option<Paint>) -> bool {
    let asked =
        params.flatten.is_some_and(|flatten| flatten.0) || params.force_jpg.is_some_and(|force| force.0);
    let has_alpha = pixels.alpha || paint.is_some_and(|paint| paint.translucent);
    has_alpha && (asked || !pixels.stores_alpha)
}

/// Strength of `sharp_amount` that adds the whole difference once, and the radius of a sigma of one pixel (contract).
const AMOUNT_UNIT: f64 = 50.0;
const RADIUS_UNIT: f64 = 10.0;

fn sharpen(params: &Params) -> Option<Sharpen> {
    let sigma = params.sharp_radius.map_or(1.0, |radius| f64::from(radius.0) / RADIUS_UNIT);
    params.sharp_amount.map(|amount| Sharpen { strength: amount.0 / AMOUNT_UNIT, sigma })
}
