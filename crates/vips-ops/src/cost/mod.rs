//! Predicts the cost of a render, in CPU time and memory, from the encoded bytes and the request alone.
//!
//! The original's header is scanned in safe Rust ([`header`]), the plan is made as for the render, and each step of it
//! adds its amount of work ([`work_kind::WorkKind`]), with measured weights ([`weights`], `cargo xtask
//! calibrate-cost`). No pixel is decoded and no C library is called: a prediction takes microseconds and is safe on
//! arbitrary bytes.

mod decode;
mod encode;
pub mod header;
mod memory;
mod overlays;
mod quantities;
mod steps;
mod tone;
pub mod weights;
mod work;
pub mod work_kind;

pub use work::{Cost, Decode, Work};

use bytes::Bytes;

use self::{header::Header, weights::ANALYSIS};
use crate::{
    Measurements, Result,
    format::SourceFormat,
    overlay::Assets,
    params::{
        Params,
        crop::crop::Crop,
        output::{
            format::Format, quality::Quality, quality_attempts::QualityAttempts,
            quality_method::QualityMethod,
        },
    },
    plan::{self, Accept, Passthrough, Plan},
    refine,
    settings::{Output, Refine, Settings},
    source::SourceInfo,
};

/// Predicts the cost of [`answer`](fn@crate::answer) for a request. A request that will be refused costs next to
/// nothing; what cannot be known beforehand, such as the size left after trimming, counts as the most expensive case.
pub fn predict(
    params: &Params,
    original: &Bytes,
    assets: &Assets,
    accept: Accept,
    settings: &Settings,
) -> Cost {
    work(params, original, assets, accept, settings).cost()
}

/// The models that an analysis runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Analysis {
    /// Face and eye detection.
    pub faces: bool,
    /// Nudity detection.
    pub nsfw: bool,
    /// Image classification.
    pub labels: bool,
}

/// Predicts the cost of running these models on a copy of the original whose long side has `side` pixels.
pub fn predict_analysis(original: &Bytes, side: u32, wanted: Analysis) -> Cost {
    let mut work = Work::least(original);
    if let Some(header) = header::scan(original) {
        steps::thumbnail(&mut work, &header, side, original.len());
    }
    let Cost { mut cpu, mut bytes } = work.cost();
    for (asked, model) in [wanted.faces, wanted.nsfw, wanted.labels].into_iter().zip(ANALYSIS) {
        if asked {
            cpu += model.cpu;
            bytes += model.bytes;
        }
    }
    Cost { cpu, bytes }
}

/// The predicted cost of the second pass: that of a search for a quality with its settings.
pub fn predict_refinement(
    params: &Params,
    original: &Bytes,
    assets: &Assets,
    accept: Accept,
    settings: &Settings,
) -> Cost {
    let Refine { webp_effort, avif_effort, png_compression, .. } = settings.refine;
    let output = Output { webp_effort, avif_effort, png_compression, ..settings.output.clone() };
    let settings = Settings { output, ..settings.clone() };
    let params = Params {
        quality: Some(Quality::Auto),
        quality_method: Some(QualityMethod::Ssimulacra2),
        quality_attempts: Some(QualityAttempts(refine::ATTEMPTS)),
        ..params.clone()
    };
    predict(&params, original, assets, accept, &settings)
}

/// The predicted cost of [`score`](fn@crate::score): that of a render with one comparison.
pub fn predict_score(
    params: &Params,
    original: &Bytes,
    assets: &Assets,
    accept: Accept,
    settings: &Settings,
) -> Cost {
    let params = Params {
        // a comparison is a part of a search, which only lossy formats have
        format: Some(Format::Jpeg),
        quality: Some(Quality::Auto),
        quality_method: Some(QualityMethod::Ssimulacra2),
        quality_attempts: Some(QualityAttempts(1)),
        meta: None,
        ..params.clone()
    };
    predict(&params, original, assets, accept, settings)
}

/// What is known of a render before a pixel is decoded.
#[derive(Debug, Clone)]
pub struct Outline {
    /// The header of the original.
    pub source: SourceInfo,
    /// The plan; none if the original is served or described as it is. It assumes that analyses (`trim`, `crop=entropy`, and faces
    /// that `assets` does not have) select the whole image.
    pub plan: Option<Plan>,
}

/// The outline of a render, by the same scan of the header as a prediction. None: the bytes are of no known format.
///
/// # Errors
///
/// Those of making the plan.
pub fn outline(
    params: &Params,
    original: &Bytes,
    assets: &Assets,
    accept: Accept,
    settings: &Settings,
) -> Result<Option<Outline>> {
    let Some(header) = header::scan_with_limits(original, &settings.limits) else { return Ok(None) };
    let wanted = params.of_picture();
    let is_rasterized = header.info.format == SourceFormat::Svg && !settings.output.svg_passthrough;
    if wanted.is_empty() && (params.meta.is_some() || !is_rasterized) {
        return Ok(Some(Outline { source: header.info, plan: None }));
    }
    let facts = facts(&wanted, &header, assets);
    let plan = Plan::resolve(&wanted, &header.info, &facts, accept, settings)?;
    Ok(Some(Outline { source: header.info, plan: Some(plan) }))
}

/// The work of a request by kind, which calibration compares with measurements.
pub fn work(params: &Params, original: &Bytes, assets: &Assets, accept: Accept, settings: &Settings) -> Work {
    let mut work = Work::least(original);
    let Some(header) = header::scan_with_limits(original, &settings.limits) else { return work };
    if header.info.stored.pixels() > settings.limits.max_pixels {
        return work;
    }
    let mut wanted = params.of_picture();
    if params.meta.is_some() && wanted.format == Some(Format::Mp4) {
        wanted.format = None;
    }
    if params.meta.is_some() && wanted.is_empty() {
        steps::describe(&mut work, &header, original.len());
        return work;
    }
    let facts = facts(&wanted, &header, assets);
    let Ok(plan) = Plan::resolve(&wanted, &header.info, &facts, accept, settings) else { return work };
    decode::open(&mut work, &header, original.len());
    let is_undecoded = plan.passthrough == Passthrough::Always && !header.info.calibrated;
    if is_undecoded || plan.passthrough == Passthrough::Stripped {
        return work;
    }
    steps::measure(&mut work, &wanted, &header, &facts, original.len());
    let last = steps::pixels(&mut work, &plan, &header, original.len());
    overlays::add_overlays(&mut work, &plan, assets, settings);
    let answer = encode::encode(&mut work, &plan, last);
    if params.meta.is_some() {
        steps::describe(&mut work, &answer.header, answer.bytes);
    }
    work
}

/// The measurements assumed before a pixel is decoded. A border counts as found, since the image is then decoded at
/// full size, but of no width, since then all of the image remains.
fn facts(params: &Params, header: &Header, assets: &Assets) -> Measurements {
    let (orientation, _) = plan::turns(params, header.info.orientation);
    let whole = orientation.size(header.info.stored).rect();
    let trim = params.trim.map(|_| whole);
    let looks = params.crop == Some(Crop::Face) || params.redeye.is_some();
    let faces = assets.faces.iter().filter(|_| looks).map(|face| face.turned(&header.info, orientation));
    Measurements { trim, window: None, faces: faces.collect() }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
