//! Renders: executes a plan on an original and returns encoded bytes. All decisions are in the plan.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use vips::{Deadline, Image};

use crate::{
    analysis::measure,
    embedded_metadata::{self, Outdated},
    encode::{auto_quality, encode, mp4::VideoEncoder},
    error::{Error, Result, timely},
    format::OutputFormat,
    overlay::{self, Assets, PreparedOverlays},
    params::Params,
    plan::{Accept, Passthrough, Plan, passthrough, step::Step, video},
    settings::Settings,
    size::Size,
    source::{Codec, Profile, Source, SourceFormat},
    steps::{self, Context, gain_map, load, metadata, overlay::RenderedOverlay},
};

/// The result of a render.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The encoded image.
    pub bytes: Bytes,
    /// Its format.
    pub format: OutputFormat,
    /// Its size, of one frame.
    pub size: Size,
    /// Size of the original as stored.
    pub original: Size,
    /// Whether an overlay was omitted.
    pub lacks_overlays: bool,
    /// The quality found by `quality=auto`, on the scale of JPEG.
    pub quality: Option<u8>,
    /// The libraries that decoded and encoded; none if the original was served.
    pub codecs: Option<UsedCodecs>,
}

/// The libraries of a render beside libvips; an absent one is libvips itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedCodecs {
    /// Decoded the original.
    pub decoder: Option<Codec>,
    /// Encoded the output.
    pub encoder: Option<Codec>,
    /// The divisor by which a JPEG was decoded; none of another format.
    pub jpeg_divisor: Option<u8>,
}

impl UsedCodecs {
    fn of(plan: &Plan) -> Self {
        let jpeg_divisor = (plan.load.format == SourceFormat::Jpeg).then_some(plan.load.shrink);
        Self { decoder: plan.load.codec, encoder: plan.encode.codec, jpeg_divisor }
    }
}

/// A phase of a render that has been completed, for measuring durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The header is read, and the measurements that planning needs are done.
    Opened,
    /// The steps are set up, and pixels that had to be in memory are computed. All others are computed while encoding:
    /// they stream from the decoder into the encoder.
    Processed,
    /// The output is encoded.
    Encoded,
}

/// Opens, measures, plans and renders: from parameters, original and overlay images to the encoded image.
pub fn process(
    params: &Params,
    original: &Bytes,
    assets: &Assets,
    accept: Accept,
    settings: &Settings,
    deadline: &Deadline,
    reached: &mut dyn FnMut(Phase),
) -> Result<Encoded> {
    let Prepared { source, plan, overlays } =
        prepare(params, original, assets, accept, settings, deadline, reached)?;
    let encoded = render(&plan, &source, &overlays.drawn, deadline, reached)?;
    Ok(Encoded { lacks_overlays: overlays.left_out, ..encoded })
}

/// A request whose decisions are made.
pub(crate) struct Prepared {
    /// The original, opened.
    pub source: Source,
    /// The decisions.
    pub plan: Plan,
    /// The overlays.
    pub overlays: PreparedOverlays,
}

/// Opens, measures and plans.
pub(crate) fn prepare(
    params: &Params,
    original: &Bytes,
    assets: &Assets,
    accept: Accept,
    settings: &Settings,
    deadline: &Deadline,
    reached: &mut dyn FnMut(Phase),
) -> Result<Prepared> {
    let mut source = Source::open(original, &settings.limits)?;
    source.sharing = assets.sharing.clone();
    let facts = measure(params, &source, &assets.faces, deadline).map_err(|error| timely(error, deadline))?;
    reached(Phase::Opened);
    let plan = Plan::resolve(params, &source.info, &facts, accept, settings)?;
    if plan.overlays().is_some() {
        source.check_svg_work(plan.load.scale, plan.load.part)?; // before any of them is drawn
    }
    let overlays = overlay::prepare(&plan, assets, settings, deadline)?;
    Ok(Prepared { source, plan, overlays })
}

/// Renders a plan, with rendered overlays.
pub fn render(
    plan: &Plan,
    source: &Source,
    overlays: &[RenderedOverlay],
    deadline: &Deadline,
    reached: &mut dyn FnMut(Phase),
) -> Result<Encoded> {
    let original = unencoded(plan, source, deadline);
    let is_unencoded = original.is_some();
    let made = match original {
        Some(bytes) => {
            reached(Phase::Processed);
            bytes.map(|bytes| (bytes, None))
        }
        None if plan.encode.format == OutputFormat::Mp4 => {
            reached(Phase::Processed);
            encode_video(plan, source, overlays, deadline).map(|bytes| (bytes, None))
        }
        None => pixels(plan, source, overlays, deadline)
            .and_then(|image| encoded(plan, source, &image, deadline, reached)),
    };
    let (bytes, quality) = made.map_err(|error| timely(error, deadline))?;
    reached(Phase::Encoded);
    let larger = bytes.len() > source.bytes.len();
    let is_original = is_unencoded || (plan.passthrough == Passthrough::IfSmaller && larger);
    // the original's own quality is unknown, since no search ran on it
    let (bytes, quality) =
        if is_original && !is_unencoded { (source.bytes.clone(), None) } else { (bytes, quality) };
    let codecs = (!is_original).then(|| UsedCodecs::of(plan));
    Ok(Encoded {
        bytes,
        format: plan.encode.format,
        size: plan.size,
        original: source.info.stored,
        lacks_overlays: false,
        quality,
        codecs,
    })
}

/// The original, or the original without its metadata, if the plan serves it without encoding.
fn unencoded(plan: &Plan, source: &Source, deadline: &Deadline) -> Option<Result<Bytes>> {
    match plan.passthrough {
        Passthrough::Stripped => {
            embedded_metadata::jpeg::strip(&source.bytes, source.info.profile == Profile::Foreign).map(Ok)
        }
        Passthrough::Always => {
            // an animation over its budget is not decoded; a broken image must still be refused
            let intact =
                if source.info.calibrated { load::decode(source, &plan.load, deadline) } else { Ok(()) };
            Some(intact.map(|()| source.bytes.clone()))
        }
        Passthrough::Never | Passthrough::IfSmaller => None,
    }
}

/// Encodes the image. Also returns the quality, if it was searched for.
fn encoded(
    plan: &Plan,
    source: &Source,
    image: &Image,
    deadline: &Deadline,
    reached: &mut dyn FnMut(Phase),
) -> Result<(Bytes, Option<u8>)> {
    let Some(search) = plan.encode.search else {
        reached(Phase::Processed);
        let encoded = encode(image, plan.encode).map_err(|error| at_fault(error, plan, source, deadline));
        return Ok((encoded?, None));
    };
    // encoded several times, so computed once
    let image = image.copy_memory().map_err(Error::of_pixels)?;
    reached(Phase::Processed);
    let found = auto_quality::encode(&image, plan.encode, search, deadline)?;
    Ok((found.bytes, Some(found.quality)))
}

/// Determines whether a failed encoding is the fault of the original or of the encoder. Pixels stream from the decoder
/// into the encoder, and libvips does not report which of them failed: the original is decoded once more, without
/// encoding. If that succeeds, the encoder failed.
fn at_fault(error: vips::Error, plan: &Plan, source: &Source, deadline: &Deadline) -> Error {
    if error.is_out_of_memory() {
        return Error::OutOfMemory(error);
    }
    let decoded =
        if deadline.passed() { return Error::Deadline } else { load::decode(source, &plan.load, deadline) };
    match decoded {
        Ok(()) => Error::of_encoder(error),
        Err(error) => error,
    }
}

/// The processed image, frames stacked from top to bottom; not computed yet if it can stream.
pub(crate) fn pixels(
    plan: &Plan,
    source: &Source,
    overlays: &[RenderedOverlay],
    deadline: &Deadline,
) -> Result<Image> {
    let (opened, steps) = load::open_planned(plan, source, deadline)?;
    let finished = if plan.load.frames > 1 {
        animation(plan, &opened, overlays)
    } else {
        frame(steps, opened, &mut Context::new(overlays))
    };
    // AVIF stores the rotation in a box (`irot`) that every decoder applies
    let turned = plan.autorotated || source.info.format == SourceFormat::Heif;
    let outdated = Outdated {
        orientation: turned,
        pixels: !passthrough::keeps_pixels(plan, &source.info),
        colours: source.info.profile == Profile::Foreign,
    };
    let updated = finished.and_then(|image| embedded_metadata::update(&image, outdated));
    updated.and_then(|image| gain_map::unclaimed(&image)).map_err(Error::of_pixels)
}

/// Encodes a video frame by frame; encoded frames' pixels are not kept in memory.
fn encode_video(
    plan: &Plan,
    source: &Source,
    overlays: &[RenderedOverlay],
    deadline: &Deadline,
) -> Result<Bytes> {
    let stack = load::open(source, &plan.load, deadline)?;
    let delays = stack.ints(c"delay").unwrap_or_default();
    let mut made = VideoEncoder::new(plan.size, plan.encode.quality)?;
    for (index, frame) in frames(plan, &stack, overlays).enumerate() {
        if deadline.passed() {
            return Err(Error::Deadline);
        }
        made.add(&frame.map_err(Error::of_pixels)?, video::duration(delays.get(index).copied()))?;
    }
    made.finish()
}

/// Processes each frame separately, so that frames do not bleed into each other. Frames must be computed in order.
fn frames(
    plan: &Plan,
    stack: &Image,
    overlays: &[RenderedOverlay],
) -> impl Iterator<Item = vips::Result<Image>> {
    let Size { width, height } = plan.load.size;
    let mut context = Context::new(overlays);
    (0..plan.load.frames).map(move |index| {
        let part = stack.extract_area(0, index * height, width, height)?;
        frame(&plan.steps, part, &mut context)
    })
}

/// Processes an animation: memory holds the finished frames, and one frame in progress.
fn animation(plan: &Plan, stack: &Image, overlays: &[RenderedOverlay]) -> vips::Result<Image> {
    let frames =
        frames(plan, stack, overlays).map(|frame| frame?.copy_memory()).collect::<vips::Result<Vec<_>>>()?;
    let joined = Image::stack(&frames.iter().collect::<Vec<_>>())?;
    metadata::animate(&joined, stack, plan.size.height, plan.load.frames)
}

/// Runs steps on one frame.
fn frame(steps: &[Step], image: Image, context: &mut Context<'_>) -> vips::Result<Image> {
    steps.iter().try_fold(image, |image, step| steps::run(step, image, context))
}

#[cfg(test)]
mod tests {
    use testkit::sample;

    use super::*;
    use crate::{Measurements, error::ErrorKind};

    /// Encodes an image in a format that cannot store its size.
    fn encoded(original: &Bytes) -> Result<Encoded> {
        vips::Vips::start(vips::Settings::default()).unwrap();
        let mut settings = Settings::default();
        settings.limits.max_side = 20_000;
        let source = Source::open(original, &settings.limits)?;
        let params = Params::parse("format=png").unwrap().params;
        let mut plan =
            Plan::resolve(&params, &source.info, &Measurements::default(), Accept::default(), &settings)?;
        plan.encode.format = OutputFormat::Webp;
        render(&plan, &source, &[], &Deadline::never(), &mut |_| ())
    }

    #[test]
    fn a_failed_encoder_does_not_blame_the_original() {
        vips::Vips::start(vips::Settings::default()).unwrap();
        let wide = Image::from_pixels(&vec![7; 3 * 17_000 * 16], 17_000, 16, 3).unwrap();
        let wide =
            wide.save_jpeg(50, vips::JpegScan::Baseline, vips::Subsample::Off, vips::Keep::Nothing).unwrap();
        assert_eq!(encoded(&wide).map_err(|error| error.kind()).err(), Some(ErrorKind::Encoder));
        let broken = wide.slice(..wide.len() / 2);
        assert_eq!(encoded(&broken).map_err(|error| error.kind()).err(), Some(ErrorKind::Undecodable));
        let cut = sample("china.jpg").slice(..20_000);
        assert_eq!(encoded(&cut).map_err(|error| error.kind()).err(), Some(ErrorKind::Undecodable));
    }
}
