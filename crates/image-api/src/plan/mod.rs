//! The plan: every decision of a render, made before a pixel is touched.

mod budget;
mod early_crop;
pub mod encode;
mod explain;
pub mod faces;
pub mod geometry;
pub mod overlay;
pub mod passthrough;
pub mod quality;
mod request;
pub mod step;
pub mod tone;
pub mod video;

use serde::{Deserialize, Serialize};

use self::{
    budget::{Budgeted, budgeted},
    early_crop::Scaling,
    encode::Output,
    geometry::{Canvas, Geometry, Window},
    overlay::Overlay,
    passthrough::Passthrough,
    request::{content, request as geometry_request},
    step::{Eye, Sharpen},
    tone::Tone,
};
use crate::{
    error::{Result, within},
    format::OutputFormat,
    measurements::Measurements,
    orientation::Orientation,
    params::{
        Params, crop::crop::Crop, effect::blur::Blur, spec::Invalid, value::colour::Colour,
        value::number::round_half_up,
    },
    settings::{Limits, Settings},
    size::{Extent, Rect, Size, Span},
    source::{Profile, Reduction, SourceFormat, SourceInfo},
};

/// What the client said it can show, beyond JPEG, PNG and GIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Accept {
    /// AVIF.
    pub avif: bool,
    /// WebP.
    pub webp: bool,
}

/// The steps of one render, with every number worked out.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How the original is decoded.
    pub load: Load,
    /// Eyes that are corrected where they are red, in stored pixels.
    pub redeye: Vec<Eye>,
    /// The part of the original that is kept, in stored pixels; all of it if absent.
    pub extract: Option<Rect>,
    /// The size the part is scaled to, as it is stored; as it is if absent.
    pub resize: Option<Size>,
    /// What is cut out of that, as it is stored.
    pub cut: Option<Rect>,
    /// What exactly is scaled, in pixels of the part, when its edges lie between them: a decoder's divisor need not divide
    /// a side. Never enlarged. The whole part if absent.
    pub resize_from: Option<Span>,
    /// What makes it upright, and right-angle turns and mirrors that were asked for.
    pub orientation: Orientation,
    /// A turn by another angle.
    pub turn: Option<Turn>,
    /// What is cut out after all turns.
    pub window: Option<Window>,
    /// The larger canvas it is put on.
    pub canvas: Option<Canvas>,
    /// Corrections of tone and colour.
    pub tone: Vec<Tone>,
    /// A gaussian blur's standard deviation, in pixels of the answer.
    pub blur: Option<f64>,
    /// Sharpening.
    pub sharpen: Option<Sharpen>,
    /// What is laid over the picture, the lowest first.
    pub overlays: Vec<Overlay>,
    /// Size of the picture (of a frame) inside its border.
    pub content: Size,
    /// Border around the finished picture, in pixels.
    pub pad: u32,
    /// The colour of borders, blank corners, and of what was transparent.
    pub background: Colour,
    /// Whether a colour is painted, so that pixels must be able to hold it.
    pub paints: Paint,
    /// Whether alpha is removed.
    pub flatten: bool,
    /// Whether the EXIF orientation was applied, and its tag must go.
    pub autorotated: bool,
    /// Whether pixels have to be converted by a profile.
    pub profile: Profile,
    /// The encoding.
    pub output: Output,
    /// Size of the answer (of a frame).
    pub size: Size,
    /// Whether the original itself is the answer.
    pub passthrough: Passthrough,
}

/// How the original is decoded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// The format.
    pub format: SourceFormat,
    /// JPEG: the decoder's divisor.
    pub shrink: u8,
    /// SVG: the factor on its stated size.
    pub scale: f64,
    /// SVG: the part of it that is drawn, in pixels at that scale; all of it if absent.
    pub part: Option<Rect>,
    /// A smaller copy in the same file that is decoded instead.
    pub reduction: Option<Reduction>,
    /// Frames, from the first.
    pub frames: u32,
    /// The stored size after the decoder's own scaling.
    pub size: Size,
}

/// A turn by something else than right angles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Clockwise.
    pub degrees: f64,
    /// The canvas afterwards.
    pub size: Size,
    /// What becomes of its corners.
    pub corners: Corners,
}

/// The corners of a turned picture's canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corners {
    /// They are painted.
    Painted,
    /// They are cut off: nothing is painted that could shine into what is left.
    Cut,
}

/// What painting asks of the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Nothing is painted.
    Nothing,
    /// An opaque colour.
    Opaque,
    /// A colour that lets something through.
    Translucent,
}

impl Plan {
    /// Makes every decision. Touches no pixel.
    pub fn resolve(
        params: &Params,
        info: &SourceInfo,
        facts: &Measurements,
        accept: Accept,
        settings: &Settings,
    ) -> Result<Self> {
        let (orientation, degrees) = turns(params, info.orientation);
        let upright = orientation.size(info.stored);
        let kept = facts.window.or(facts.trim).unwrap_or(upright.rect());
        let geometry =
            geometry::solve(&geometry_request(params, info, content(info, orientation, kept), degrees))
                .map_err(|geometry::NoOverlap(size)| {
                    let mut value = String::new();
                    params
                        .crop
                        .iter()
                        .for_each(|crop| crate::params::spec::Param::canonical(crop, &mut value));
                    Invalid::new(
                        "crop",
                        &value,
                        format!("a region that touches the scaled picture of {size}"),
                    )
                })?;
        let geometry = match params.crop {
            Some(Crop::Face) => faces::framed(geometry, &facts.faces, kept, degrees),
            _ => geometry,
        };
        let redeye = match params.redeye {
            Some(_) => faces::eyes(&facts.faces, orientation, info.stored),
            None => Vec::new(),
        };
        let pad = params.pad.map_or(0, |pad| pad.0);
        let size = padded(geometry.size(), pad);
        check_sizes(&geometry, size, &settings.limits)?;
        let background = params.pad_color.map_or(Colour::WHITE, |colour| colour.0);
        let tone = tone::corrections(params);
        let overlays = overlay::overlays(params, geometry.size());
        let request =
            encode::Request { params, info, size, accept, background, settings, frames: info.frames };
        let Budgeted { output, frames, passes } = budgeted(&request, largest(&geometry))?;
        let size = match output.format {
            _ if passes => info.stored,
            OutputFormat::Mp4 => video::even(size),
            _ => size,
        };
        // a trimmed box and eyes are exact to the pixel, which a picture decoded smaller would blur
        let exact = (facts.trim.is_some() && info.vector.is_none()) || !redeye.is_empty();
        let content = content(info, orientation, kept);
        let load = load(info, content, orientation, &geometry, exact, frames, &settings.limits);
        let scaled = orientation.size(geometry.scaled);
        let (decoded, resize_from) = decoded(kept, &load, orientation, info, scaled);
        let (cut, window) = early_crop::split(&geometry, orientation);
        let scaling = Scaling { extract: decoded, scaled, cut }.early(info.vector.is_some());
        let Scaling { extract: decoded, scaled, cut } = scaling;
        let extract = (decoded != load.size.rect()).then_some(decoded);
        let load = Load { part: extract.filter(|_| info.vector.is_some() && redeye.is_empty()), ..load };
        if info.vector.is_some() {
            let drawn = load.part.map_or(load.size, Rect::size).pixels();
            within(
                "the pixels of the drawing",
                drawn,
                "limits.max_pixels allows",
                settings.limits.max_pixels,
            )?;
        }
        let corners = if params.crop == Some(Crop::Zoom) { Corners::Cut } else { Corners::Painted };
        let turn = geometry.turned.map(|size| Turn { degrees, size, corners });
        let paints = paints(&geometry, turn, pad, background);
        let removes_alpha =
            params.flatten.is_some_and(|flatten| flatten.0) || params.force_jpg.is_some_and(|force| force.0);
        let plan = Self {
            load,
            redeye,
            extract,
            resize: (resize_from.is_some() || decoded.size() != scaled).then_some(scaled),
            cut,
            resize_from,
            orientation,
            turn,
            window,
            canvas: geometry.canvas,
            tone,
            blur: params.blur.map(Blur::sigma),
            sharpen: sharpen(params),
            overlays,
            content: geometry.size(),
            pad,
            background,
            paints,
            flatten: (info.alpha || paints == Paint::Translucent)
                && (removes_alpha || !output.format.has_alpha()),
            autorotated: params.autorotate.is_none_or(|on| on.0),
            profile: info.profile,
            output,
            size,
            passthrough: if passes { Passthrough::Always } else { Passthrough::Never },
        };
        let passthrough = passthrough::serves(&plan, params, info, settings);
        Ok(Self { passthrough, ..plan })
    }
}

impl Plan {
    /// The size that a picture has after its turns, if nothing scales it.
    pub fn natural_size(params: &Params, info: &SourceInfo) -> Extent {
        let (orientation, degrees) = turns(params, info.orientation);
        geometry::natural(orientation.extent(info.extent()), degrees)
    }
}

/// Splits all turns into right angles with mirrors, and the angle of at most 45 degrees that is left.
pub fn turns(params: &Params, stored: Orientation) -> (Orientation, f64) {
    let upright = if params.autorotate.is_none_or(|on| on.0) { stored } else { Orientation::default() };
    let clockwise = params.rotate.map_or(0.0, |rotate| rotate.0) - params.angle.map_or(0.0, |angle| angle.0);
    // the nearest right angle; halfway between two, the one that was not reached yet is left alone
    let quarters = (clockwise / 90.0 - 0.5).ceil();
    let left = clockwise - quarters * 90.0;
    let turned = upright.turned(quarters.rem_euclid(4.0) as u8);
    // a mirror after a turn is a mirror before the opposite turn
    if params.flip.is_some_and(|flip| flip.0) { (turned.flipped(), -left) } else { (turned, left) }
}

/// Strength of `sharp_amount` that adds the whole difference once, and the radius of a sigma of one pixel (contract).
const AMOUNT_UNIT: f64 = 50.0;
const RADIUS_UNIT: f64 = 10.0;

fn sharpen(params: &Params) -> Option<Sharpen> {
    let sigma = params.sharp_radius.map_or(1.0, |radius| f64::from(radius.0) / RADIUS_UNIT);
    params.sharp_amount.map(|amount| Sharpen { strength: amount.0 / AMOUNT_UNIT, sigma })
}

fn padded(size: Size, pad: u32) -> Size {
    let grow = |side: u32| side.saturating_add(pad.saturating_mul(2));
    Size { width: grow(size.width), height: grow(size.height) }
}

/// Bounds every size on the way to the answer. What is cut again may be as large as an original, the answer may not; and
/// what is cut as soon as it is scaled is never made as a whole, however large that would be.
fn check_sizes(geometry: &Geometry, answer: Size, limits: &Limits) -> Result<()> {
    let longer = |size: Size| u64::from(size.width.max(size.height));
    let side = u64::from(limits.max_side);
    within("the longer side of the answer in pixels", longer(answer), "limits.max_side allows", side)?;
    let bound = "limits.max_output_pixels allows";
    within("the pixels of the answer", answer.pixels(), bound, limits.max_output_pixels)?;
    let Some(turned) = geometry.turned else { return Ok(()) };
    let scaled = geometry.scaled;
    within(
        "the longer side of the scaled picture in pixels",
        longer(scaled),
        "limits.max_side allows",
        side,
    )?;
    for (what, size) in
        [("the pixels of the scaled picture", scaled), ("the pixels of the turned picture", turned)]
    {
        within(what, size.pixels(), "limits.max_pixels allows", limits.max_pixels)?;
    }
    Ok(())
}

/// The largest pictures that are made on the way to the answer.
fn largest(geometry: &Geometry) -> [Size; 2] {
    geometry.turned.map_or([geometry.size(); 2], |turned| [geometry.scaled, turned])
}

fn load(
    info: &SourceInfo,
    content: Extent,
    orientation: Orientation,
    geometry: &Geometry,
    exact: bool,
    frames: u32,
    limits: &Limits,
) -> Load {
    let horizontal = content.width / f64::from(geometry.scaled.width);
    let vertical = content.height / f64::from(geometry.scaled.height);
    let ratio = horizontal.min(vertical);
    let plain = Load {
        format: info.format,
        shrink: 1,
        scale: info.vector.map_or(1.0, |vector| vector.unit),
        part: None,
        reduction: None,
        frames,
        size: info.stored,
    };
    match info.format {
        _ if exact => plain,
        SourceFormat::Jpeg => {
            let shrink = jpeg_shrink(ratio);
            // the last row and column may stand for less than a whole pixel
            let divided = |side: u32| side.div_ceil(shrink.into());
            let size = Size { width: divided(info.stored.width), height: divided(info.stored.height) };
            Load { shrink, size, ..plain }
        }
        // the drawing is rasterised so that the kept part has its size
        SourceFormat::Svg => match info.vector {
            None => plain,
            Some(vector) => {
                let scaled = orientation.size(geometry.scaled);
                let exact = vector.scale(orientation.extent(content), scaled);
                // where it has to be seen as a whole first, it is not drawn larger than an answer may be
                let is_seen =
                    geometry.turned.is_none() && matches!(geometry.window, Some(Window::Interesting(_)));
                let scale = if is_seen { exact.min(vector.largest(limits)) } else { exact };
                Load { scale, size: vector.drawn(scale), ..plain }
            }
        },
        _ => {
            let enough =
                |copy: &&Reduction| f64::from(info.stored.width) / f64::from(copy.size.width) <= ratio;
            match info.reductions.iter().rev().find(enough) {
                Some(copy) => Load { reduction: Some(*copy), size: copy.size, ..plain },
                None => plain,
            }
        }
    }
}

/// The decoder's divisor for a picture that is to shrink by `ratio`.
///
/// As large as it can be without going below the target. A factor that equals the whole part of the ratio is halved:
/// libjpeg rounds sizes up, and what is left to the resampler should not be a hair. (The rule of sharp and weserv.)
fn jpeg_shrink(ratio: f64) -> u8 {
    let factor = [8u8, 4, 2].into_iter().find(|factor| ratio >= f64::from(*factor)).unwrap_or(1);
    if factor > 1 && ratio.floor() as u64 == u64::from(factor) { factor / 2 } else { factor }
}

/// The kept part in pixels of the decoded picture, as it is stored; and what exactly of it is kept, if its edges lie
/// between pixels. Of a drawing the part is given the size that it is wanted in where that is a matter of the last pixel.
fn decoded(
    kept: Rect,
    load: &Load,
    orientation: Orientation,
    info: &SourceInfo,
    scaled: Size,
) -> (Rect, Option<Span>) {
    let stored = info.stored;
    let rect = orientation.stored_rect(kept, stored);
    if load.shrink > 1 {
        return divided(rect, load);
    }
    let span = |start: u32, length: u32, whole: u32, decoded: u32, wanted: u32| {
        let factor = f64::from(decoded) / f64::from(whole);
        let from = round_half_up(f64::from(start) * factor) as u32;
        let to = round_half_up(f64::from(start + length) * factor) as u32;
        let from = from.min(decoded.saturating_sub(1));
        let length = to.clamp(from + 1, decoded) - from;
        let is_near = info.vector.is_some() && length.abs_diff(wanted) == 1 && wanted <= decoded;
        if is_near { (from.min(decoded - wanted), wanted) } else { (from, length) }
    };
    let (left, width) = span(rect.left, rect.width, stored.width, load.size.width, scaled.width);
    let (top, height) = span(rect.top, rect.height, stored.height, load.size.height, scaled.height);
    (Rect { left, top, width, height }, None)
}

/// As [`decoded`], for a decoder that divides: a side of 1001 pixels divided by 8 is 125.125 pixels, of which it makes
/// 126.
fn divided(rect: Rect, load: &Load) -> (Rect, Option<Span>) {
    let divisor = u32::from(load.shrink);
    let span = |start: u32, length: u32, decoded: u32| {
        let (from, to) = (start / divisor, (start + length).div_ceil(divisor).min(decoded));
        let exact = |side: u32| f64::from(side) / f64::from(divisor);
        (from, to - from, exact(start % divisor), exact(length))
    };
    let (left, width, from_left, exact_width) = span(rect.left, rect.width, load.size.width);
    let (top, height, from_top, exact_height) = span(rect.top, rect.height, load.size.height);
    let exact = Span { left: from_left, top: from_top, width: exact_width, height: exact_height };
    let whole = Span { left: 0.0, top: 0.0, width: width.into(), height: height.into() };
    (Rect { left, top, width, height }, (exact != whole).then_some(exact))
}

fn paints(geometry: &Geometry, turn: Option<Turn>, pad: u32, background: Colour) -> Paint {
    let corners = turn.is_some_and(|turn| turn.corners == Corners::Painted);
    match pad > 0 || geometry.canvas.is_some() || corners {
        false => Paint::Nothing,
        true if background.is_opaque() => Paint::Opaque,
        true => Paint::Translucent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_shrink_rule() {
        for (ratio, expected) in [
            (0.5, 1),
            (1.99, 1),
            (2.0, 1),
            (2.9, 1),
            (3.0, 2),
            (3.98, 2),
            (4.0, 2),
            (4.9, 2),
            (5.0, 4),
            (7.99, 4),
            (8.5, 4),
            (9.0, 8),
            (60.0, 8),
        ] {
            assert_eq!(jpeg_shrink(ratio), expected, "{ratio}");
        }
    }

    #[test]
    fn turns_are_split() {
        let split =
            |query: &str, tag| turns(&Params::parse(query).unwrap().params, Orientation::from_exif(tag));
        let upright = Orientation::default();
        assert_eq!(split("", 6), (upright.turned(1), 0.0));
        assert_eq!(split("autorotate=0", 6), (upright, 0.0));
        assert_eq!(split("rotate=90", 6), (upright.turned(2), 0.0));
        assert_eq!(split("rotate=270&angle=180", 1), (upright.turned(1), 0.0));
        assert_eq!(split("rotate=100", 1), (upright.turned(1), 10.0));
        assert_eq!(split("rotate=45", 1), (upright, 45.0));
        assert_eq!(split("angle=45", 1), (upright.turned(3), 45.0));
        assert_eq!(split("angle=10", 1), (upright, -10.0));
        assert_eq!(split("rotate=10&flip", 1), (upright.flipped(), -10.0));
    }
}
