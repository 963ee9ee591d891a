//! What the steps between decoder and encoder cost, in their order.

use super::{
    Work, bands,
    decode::{self, DecodeSpec, SVG_TILE},
    header::Header,
    megapixels, memory, tone,
    work_kind::WorkKind,
};
use crate::{
    Measurements,
    params::{Params, crop::crop::Crop},
    plan::{Paint, Plan, geometry::Window},
    size::{Rect, Size},
    source::{Profile, SourceFormat},
    tone::Grade,
};

/// Long sides of the copies that are looked at for the colour that a picture shows most, and for dull edges: those of
/// `describe::dominant` and `steps::interest`.
const DOMINANT: u32 = 112;
const INTEREST: u32 = 256;

/// What comes out of the steps.
#[derive(Debug, Clone, Copy)]
pub struct Pixels {
    /// Bands.
    pub bands: f64,
    /// Whether it can be transparent.
    pub alpha: bool,
}

/// What is measured before the plan is made.
pub fn measure(work: &mut Work, params: &Params, header: &Header, facts: &Measurements, length: usize) {
    if params.trim.is_some() {
        let stored = header.info.stored;
        // of an animation every frame, one in memory at a time
        let frames = header.info.frames;
        decode::decode(work, header, length, &DecodeSpec { frames, ..DecodeSpec::whole(header) });
        let samples = stored.pixels() as f64 * f64::from(header.pixel_bytes);
        work.hold(samples);
        let area = megapixels(stored) * f64::from(frames);
        convert(work, header, area);
        work.add(WorkKind::Trim, area * bands(header));
    }
    let interesting = match params.crop {
        Some(Crop::Entropy) => true,
        Some(Crop::Face) => facts.faces.is_empty(),
        _ => false,
    };
    if interesting && !(params.width.is_some() && params.height.is_some()) {
        thumbnail(work, header, INTEREST, length);
    }
}

/// A description: the header is there, and a small copy is looked at.
pub fn describe(work: &mut Work, header: &Header, length: usize) {
    decode::open(work, header, length);
    thumbnail(work, header, DOMINANT, length);
}

/// A small copy of the original, whose long side has `long_side` pixels.
pub fn thumbnail(work: &mut Work, header: &Header, long_side: u32, length: usize) {
    let stored = header.info.stored;
    let long = stored.width.max(stored.height);
    let shrink = [8u8, 4, 2].into_iter().find(|divisor| long / u32::from(*divisor) >= long_side).unwrap_or(1);
    let divided = |length: u32| (length / u32::from(shrink)).max(1);
    let size = if matches!(header.info.format, SourceFormat::Jpeg | SourceFormat::Svg) {
        Size { width: divided(stored.width), height: divided(stored.height) }
    } else {
        stored
    };
    let load = DecodeSpec { shrink, size, scale: 1.0 / f64::from(shrink), ..DecodeSpec::whole(header) };
    decode::decode(work, header, length, &load);
    let scale = (f64::from(long_side) / f64::from(size.width.max(size.height)).max(1.0)).min(1.0);
    let looked = megapixels(size) * scale * scale;
    resize(work, header, megapixels(size), looked);
    convert(work, header, looked);
    work.add(WorkKind::Thumbnail, 1.0);
}

/// Decoding and all steps up to the overlays.
pub fn pixels(work: &mut Work, plan: &Plan, header: &Header, length: usize) -> Pixels {
    let frames = plan.load.frames.max(1);
    let load = load(plan, header);
    decode::decode(work, header, length, &load);
    // a copy of the file may state other sides
    work.hold(if load.shrink > 1 { length as f64 } else { 0.0 });
    let (before, held) = (work.amounts, work.bytes);
    let last = frame(work, plan, header);
    // what was added for one frame is added for the others
    for (amount, before) in work.amounts.iter_mut().zip(before) {
        *amount += (*amount - before) * f64::from(frames - 1);
    }
    if frames > 1 {
        work.add(WorkKind::Frame, frames.into());
        // the frames are finished one by one and kept; two are at work at a time
        work.bytes += work.bytes - held;
        work.hold(plan.size.pixels() as f64 * last.bands * f64::from(frames));
    }
    last
}

/// The part of the original's rows that is asked for, when rows come out in the order in which they go in: what lies below
/// what is kept is never decoded.
fn rows(plan: &Plan) -> f64 {
    let whole = plan.load.size;
    if plan.load.frames > 1 || !plan.redeye.is_empty() {
        return 1.0;
    }
    let kept = plan.extract.unwrap_or(whole.rect());
    let bottom = plan.cut.map_or(1.0, |cut| {
        let scaled = plan.resize.unwrap_or(kept.size());
        f64::from(cut.top + cut.height) / f64::from(scaled.height.max(1))
    });
    ((f64::from(kept.top) + bottom * f64::from(kept.height)) / f64::from(whole.height.max(1))).clamp(0.0, 1.0)
}

/// The tiles of a drawing that a part of it lies in, each of which is drawn as a whole.
fn tiles(part: Rect, whole: Size) -> Size {
    let span = |start: u32, length: u32, whole: u32| {
        let from = start / SVG_TILE * SVG_TILE;
        let to = (start + length).div_ceil(SVG_TILE).saturating_mul(SVG_TILE).min(whole);
        to - from
    };
    Size {
        width: span(part.left, part.width, whole.width),
        height: span(part.top, part.height, whole.height),
    }
}

/// How the original is decoded.
fn load(plan: &Plan, header: &Header) -> DecodeSpec {
    let whole = DecodeSpec { shrink: plan.load.shrink, size: plan.load.size, ..DecodeSpec::whole(header) };
    let Some(vector) = header.info.vector else {
        return DecodeSpec { frames: plan.load.frames.max(1), rows: rows(plan), ..whole };
    };
    let size = plan.load.part.map_or(plan.load.size, |part| tiles(part, plan.load.size));
    DecodeSpec { size, scale: plan.load.scale / vector.unit, ..whole }
}

fn frame(work: &mut Work, plan: &Plan, header: &Header) -> Pixels {
    let kept = plan.extract.map_or(plan.load.size, Rect::size);
    if !plan.redeye.is_empty() {
        work.add(WorkKind::RedEye, megapixels(plan.load.size) * bands(header));
        work.hold(plan.load.size.pixels() as f64 * bands(header));
    }
    let whole = plan.resize.unwrap_or(kept);
    // what is cut away of the scaled picture is never computed
    let (scaled, share) = scaled(plan, whole, kept);
    if plan.resize.is_some() {
        resize(work, header, megapixels(kept) * share, megapixels(whole) * share);
    }
    convert(work, header, megapixels(scaled));
    let alpha = header.info.alpha || plan.paints == Paint::Translucent;
    let colours = if plan.paints == Paint::Nothing && plan.tone.is_empty() { bands(header) } else { 3.0 };
    let pixels = Pixels { alpha, bands: if alpha { 4.0 } else { colours } };
    memory::rows(work, scaled.width, 2.0 * pixels.bands);
    turns(work, plan, scaled, pixels);
    let content = plan.content;
    if plan.canvas.is_some() || plan.pad > 0 {
        work.add(WorkKind::Canvas, megapixels(plan.size) * pixels.bands);
    }
    tone::grade(work, &Grade::from_tones(&plan.tone), content);
    effects(work, plan, content, pixels);
    let flat = if plan.flatten { 3.0 } else { pixels.bands };
    work.add(WorkKind::Alpha, if plan.flatten { megapixels(plan.size) } else { 0.0 });
    Pixels { bands: flat, alpha: alpha && !plan.flatten }
}

/// The size of what is computed of the scaled picture, and which share of it that is.
fn scaled(plan: &Plan, whole: Size, kept: Size) -> (Size, f64) {
    let share = |part: Size| part.pixels() as f64 / whole.pixels().max(1) as f64;
    match (plan.cut, plan.window) {
        (Some(cut), _) => (cut.size(), share(cut.size())),
        // looked for before the picture is enlarged
        (None, Some(Window::Interesting(size))) if plan.turn.is_none() && whole.pixels() > kept.pixels() => {
            let larger = if size.pixels() > kept.pixels() { size } else { kept };
            (larger, share(size))
        }
        _ => (whole, 1.0),
    }
}

/// Scaling a number of megapixels to another.
fn resize(work: &mut Work, header: &Header, from: f64, to: f64) {
    let bytes = f64::from(header.pixel_bytes);
    if to > from {
        work.add(WorkKind::Enlarge, to * bytes);
    } else {
        work.add(WorkKind::ShrinkIn, from * bytes);
        work.add(WorkKind::ShrinkOut, to * bytes);
    }
    if header.info.alpha {
        work.add(WorkKind::Alpha, from + to);
    }
}

/// To 8-bit sRGB.
fn convert(work: &mut Work, header: &Header, megapixels: f64) {
    if header.info.profile == Profile::Foreign {
        let inks = header.info.format == SourceFormat::Jpeg && header.pixel_bytes == 4;
        work.add(if inks { WorkKind::ProfileInks } else { WorkKind::ProfileOpen }, 1.0);
        work.add(WorkKind::Profile, megapixels);
    } else if f64::from(header.pixel_bytes) > bands(header) {
        work.add(WorkKind::Convert, megapixels);
    }
}

fn turns(work: &mut Work, plan: &Plan, scaled: Size, pixels: Pixels) {
    let samples = scaled.pixels() as f64 * pixels.bands;
    if !plan.orientation.is_upright() {
        work.add(WorkKind::QuarterTurn, samples / 1e6);
    }
    if plan.orientation.quarters != 0 {
        work.hold(2.0 * samples);
    }
    if let Some(turn) = plan.turn {
        let canvas = megapixels(turn.size) * pixels.bands;
        work.add(WorkKind::Rotate, canvas);
        work.hold(samples + canvas * 1e6);
        if pixels.alpha {
            work.add(WorkKind::RotateAlpha, megapixels(turn.size));
            work.hold(memory::ROTATE_ALPHA * turn.size.pixels() as f64);
        }
    }
    if let Some(Window::Interesting(_)) = plan.window {
        let turned = plan.turn.map_or(scaled, |turn| turn.size);
        work.add(WorkKind::Interest, megapixels(turned));
        work.hold(memory::INTEREST * turned.pixels() as f64);
        work.hold(if pixels.alpha { memory::INTEREST_ALPHA } else { 0.0 });
    }
}

fn effects(work: &mut Work, plan: &Plan, content: Size, pixels: Pixels) {
    let samples = megapixels(content) * pixels.bands;
    if let Some(sigma) = plan.blur {
        work.add(WorkKind::Blur, samples);
        work.add(WorkKind::BlurSigma, samples * sigma);
        memory::rows(work, content.width, pixels.bands * (1.0 + sigma));
        if pixels.alpha {
            work.add(WorkKind::Alpha, 2.0 * megapixels(content));
        }
    }
    if let Some(sharpen) = plan.sharpen {
        work.add(WorkKind::Sharpen, samples);
        work.add(WorkKind::SharpenSigma, samples * sharpen.sigma);
        work.hold(samples * 1e6);
    }
}
