//! The cost of the steps between decoder and encoder, in pipeline order.

use std::time::Duration;

use super::{
    decode::{self, SVG_TILE},
    header::Header,
    memory,
    quantities::{DecodeSpec, Pixels},
    tone,
    weights::FAST_IMAGE_RESIZE,
    work::{Decode, Work, megapixels},
    work_kind::WorkKind,
};
use crate::{
    Measurements,
    params::{Params, crop::crop::Crop},
    plan::{
        Plan,
        step::{EnlargeInteresting, Paint, Resampler, Rotate, Sharpen, Step},
    },
    size::{Rect, Size},
    source::{Profile, SourceFormat},
    tone::Grade,
};

/// Long sides in pixels of the thumbnails that are analysed for the dominant colour and for dull edges: those of
/// `describe::dominant` and `steps::interest`.
const DOMINANT: u32 = 112;
const INTEREST: u32 = 256;

/// Adds the measurements made before planning.
pub fn measure(work: &mut Work, params: &Params, header: &Header, facts: &Measurements, length: usize) {
    if params.trim.is_some() {
        let stored = header.info.stored;
        // every frame of an animation, one in memory at a time
        let frames = header.info.frames;
        decode::decode(work, header, length, &DecodeSpec { frames, ..DecodeSpec::whole(header) });
        let samples = stored.pixels() as f64 * f64::from(header.pixel_bytes);
        work.hold(samples);
        let area = megapixels(stored) * f64::from(frames);
        convert(work, header, area);
        work.add(WorkKind::Trim, area * header.bands());
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

/// Adds a description: the header, and a thumbnail for the dominant colour.
pub fn describe(work: &mut Work, header: &Header, length: usize) {
    decode::open(work, header, length);
    thumbnail(work, header, DOMINANT, length);
}

/// Adds a thumbnail of the original whose long side has `long_side` pixels.
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

/// Adds decoding and all steps before the overlays.
pub fn pixels(work: &mut Work, plan: &Plan, header: &Header, length: usize) -> Pixels {
    let frames = plan.load.frames.max(1);
    let load = load(plan, header);
    let opened = work.cost().cpu;
    decode::decode(work, header, length, &load);
    work.decode = shared_decode(plan, header, &load, work.cost().cpu.saturating_sub(opened));
    // a copy of the file may be made to change its stated size
    work.hold(if load.shrink > 1 { length as f64 } else { 0.0 });
    let (before, held) = (work.amounts, work.bytes);
    let last = frame(work, plan, header);
    // the work of one frame counts for each of the others
    for (amount, before) in work.amounts.iter_mut().zip(before) {
        *amount += (*amount - before) * f64::from(frames - 1);
    }
    if frames > 1 {
        work.add(WorkKind::Frame, frames.into());
        // frames are finished one by one and kept; two are in progress at a time
        work.bytes += work.bytes - held;
        work.hold(plan.size.pixels() as f64 * last.bands * f64::from(frames));
    }
    last
}

/// The fraction of an original's rows below which its decode is not shared: a shared decode does not stop at the last row that
/// a crop needs, so two renders would decode more than each for itself. (WebP and AVIF are always decoded completely.)
const SHARED_ROWS: f64 = 0.5;

/// The decode, if its pixels can be shared: a single image that a codec may take.
fn shared_decode(plan: &Plan, header: &Header, load: &DecodeSpec, cpu: Duration) -> Option<Decode> {
    use SourceFormat::{Heif, Jpeg, Png, Webp};
    let is_shared = matches!(header.info.format, Jpeg | Png | Webp | Heif)
        && header.info.frames == 1
        && plan.load.thumbnail.is_none()
        && !header.is_guess
        && (load.rows >= SHARED_ROWS || matches!(header.info.format, Webp | Heif));
    let bytes = load.size.pixels() * u64::from(header.pixel_bytes);
    is_shared.then_some(Decode { shrink: load.shrink, size: load.size, cpu, bytes })
}

/// The fraction of the original's rows that is decoded if rows stream in order: rows below the cropped part are never
/// decoded.
fn rows(plan: &Plan) -> f64 {
    let whole = plan.load.size;
    if plan.load.frames > 1 {
        return 1.0;
    }
    let (mut kept, mut scaled, mut bottom) = (whole.rect(), None, 1.0);
    for step in &plan.steps {
        match step {
            Step::CorrectRedEyes(_) => return 1.0,
            Step::Extract(rect) => kept = *rect,
            Step::Resize(resize) => scaled = Some(resize.size),
            Step::Crop(rect) => {
                let height = scaled.unwrap_or(kept.size()).height.max(1);
                bottom = f64::from(rect.top + rect.height) / f64::from(height);
                break;
            }
            _ => break,
        }
    }
    ((f64::from(kept.top) + bottom * f64::from(kept.height)) / f64::from(whole.height.max(1))).clamp(0.0, 1.0)
}

/// The size of the SVG tiles that contain a part of the image; each is rendered completely.
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

/// How the plan decodes the original.
fn load(plan: &Plan, header: &Header) -> DecodeSpec {
    let (shrink, size, by_codec) = (plan.load.shrink, plan.load.size, plan.load.codec.is_some());
    let whole = DecodeSpec { shrink, size, by_codec, ..DecodeSpec::whole(header) };
    let Some(vector) = header.info.vector else {
        return DecodeSpec { frames: plan.load.frames.max(1), rows: rows(plan), ..whole };
    };
    let size = plan.load.part.map_or(plan.load.size, |part| tiles(part, plan.load.size));
    DecodeSpec { size, scale: plan.load.scale / vector.unit, ..whole }
}

/// The image between two steps.
struct State {
    size: Size,
    pixels: Pixels,
}

fn frame(work: &mut Work, plan: &Plan, header: &Header) -> Pixels {
    let pixels = Pixels { bands: header.bands(), alpha: header.info.alpha };
    let mut state = State { size: plan.load.size, pixels };
    let next = plan.steps.iter().skip(1).map(Some).chain([None]);
    for (step, next) in plan.steps.iter().zip(next) {
        // pixels cropped after scaling are never computed
        let kept = match (step, next) {
            (Step::Resize(_), Some(Step::Crop(rect))) => Some(rect.size()),
            _ => None,
        };
        add(work, step, kept, header, &mut state);
    }
    state.pixels
}

/// Adds the work of a step. Only `kept` of its output is computed; all of it if absent.
#[expect(clippy::too_many_lines, reason = "one arm per step")]
fn add(work: &mut Work, step: &Step, kept: Option<Size>, header: &Header, state: &mut State) {
    let State { size, pixels } = state;
    match step {
        Step::CorrectRedEyes(_) => {
            work.add(WorkKind::RedEye, megapixels(*size) * header.bands());
            work.hold(size.pixels() as f64 * header.bands());
        }
        Step::Extract(rect) | Step::Crop(rect) => *size = rect.size(),
        Step::Resize(resize) => {
            let scaled = resize.size;
            memory::whole(work, header, *size, resize);
            let before = work.amounts;
            scale(work, header, *size, scaled, kept.unwrap_or(scaled));
            if resize.by == Resampler::FastImageResize && header.info.format != SourceFormat::Jpeg {
                work.reweigh(&before, &FAST_IMAGE_RESIZE);
            }
            *size = scaled;
        }
        Step::EnlargeInteresting(enlarge) => enlarge_interesting(work, header, state, enlarge),
        Step::ConvertToSrgb(_) => {
            convert(work, header, megapixels(*size));
            memory::rows(work, size.width, 2.0 * pixels.bands);
        }
        Step::PreparePaint(Paint { translucent, .. }) => {
            pixels.alpha |= translucent;
            pixels.bands = coloured(*pixels);
        }
        Step::Orient(orientation) => {
            let samples = size.pixels() as f64 * pixels.bands;
            work.add(WorkKind::QuarterTurn, samples / 1e6);
            work.hold(if orientation.quarters == 0 { 0.0 } else { 2.0 * samples });
            *size = orientation.size(*size);
        }
        Step::Rotate(rotation) => rotate(work, state, rotation),
        Step::CropInteresting(window) => {
            interest(work, *size, *pixels);
            *size = *window;
        }
        Step::Embed { canvas, .. } => {
            *size = canvas.size;
            work.add(WorkKind::Canvas, megapixels(*size) * pixels.bands);
        }
        Step::Tone(tones) => {
            tone::grade(work, &Grade::from_tones(tones), *size);
            pixels.bands = coloured(*pixels);
        }
        Step::Blur(sigma) => blur(work, *size, *pixels, *sigma),
        Step::Sharpen(Sharpen { sigma, .. }) => {
            let samples = megapixels(*size) * pixels.bands;
            work.add(WorkKind::Sharpen, samples);
            work.add(WorkKind::SharpenSigma, samples * sigma);
            work.hold(samples * 1e6);
        }
        // the overlays' own decoding is counted separately
        Step::Overlay { .. } => {}
        Step::Pad { pixels: border, .. } => {
            *size = Size { width: size.width + 2 * border, height: size.height + 2 * border };
            work.add(WorkKind::Canvas, megapixels(*size) * pixels.bands);
        }
        Step::Flatten(_) => {
            work.add(WorkKind::Alpha, megapixels(*size));
            *pixels = Pixels { bands: 3.0, alpha: false };
        }
    }
}

/// Number of bands of pixels that can hold a colour.
fn coloured(pixels: Pixels) -> f64 {
    if pixels.alpha { 4.0 } else { 3.0 }
}

/// Scales to `scaled`, of which only `kept` is computed.
fn scale(work: &mut Work, header: &Header, from: Size, scaled: Size, kept: Size) {
    let share = kept.pixels() as f64 / scaled.pixels().max(1) as f64;
    resize(work, header, megapixels(from) * share, megapixels(kept));
}

fn enlarge_interesting(work: &mut Work, header: &Header, state: &mut State, enlarge: &EnlargeInteresting) {
    convert(work, header, megapixels(state.size));
    interest(work, state.size, state.pixels);
    scale(work, header, state.size, enlarge.resize.size, enlarge.window);
    state.size = enlarge.window;
}

/// Searching for the most interesting part.
fn interest(work: &mut Work, size: Size, pixels: Pixels) {
    work.add(WorkKind::Interest, megapixels(size));
    work.hold(memory::INTEREST * size.pixels() as f64);
    work.hold(if pixels.alpha { memory::INTEREST_ALPHA } else { 0.0 });
}

fn rotate(work: &mut Work, state: &mut State, rotation: &Rotate) {
    let State { size, pixels } = state;
    let canvas = megapixels(rotation.size) * pixels.bands;
    work.add(WorkKind::Rotate, canvas);
    work.hold(size.pixels() as f64 * pixels.bands + canvas * 1e6);
    if pixels.alpha {
        work.add(WorkKind::RotateAlpha, megapixels(rotation.size));
        work.hold(memory::ROTATE_ALPHA * rotation.size.pixels() as f64);
    }
    *size = rotation.size;
}

fn blur(work: &mut Work, size: Size, pixels: Pixels, sigma: f64) {
    let samples = megapixels(size) * pixels.bands;
    work.add(WorkKind::Blur, samples);
    work.add(WorkKind::BlurSigma, samples * sigma);
    memory::rows(work, size.width, pixels.bands * (1.0 + sigma));
    work.add(WorkKind::Alpha, if pixels.alpha { 2.0 * megapixels(size) } else { 0.0 });
}

/// Adds resampling from one number of megapixels to another.
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

/// Adds the conversion to 8-bit sRGB.
fn convert(work: &mut Work, header: &Header, megapixels: f64) {
    if header.info.profile == Profile::Foreign {
        let inks = header.info.format == SourceFormat::Jpeg && header.pixel_bytes == 4;
        work.add(if inks { WorkKind::ProfileInks } else { WorkKind::ProfileOpen }, 1.0);
        work.add(WorkKind::Profile, megapixels);
    } else if f64::from(header.pixel_bytes) > header.bands() {
        work.add(WorkKind::Convert, megapixels);
    }
}
