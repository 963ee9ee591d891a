//! What a render will cost, in CPU time and memory, predicted from the encoded bytes and the request alone.
//!
//! The original's header is scanned in Rust ([`header`]), the plan is made as for the render, and each step of it adds
//! its quantities ([`work_kind::WorkKind`]), whose weights were measured ([`weights`], `cargo xtask calibrate-cost`). No pixel is
//! touched and no C library is called: a prediction takes microseconds, and is safe on any bytes.

mod decode;
mod encode;
pub mod header;
mod memory;
mod overlays;
mod steps;
mod tone;
pub mod weights;
pub mod work_kind;

use std::time::Duration;

use bytes::Bytes;

use self::{
    header::Header,
    weights::{ANALYSIS, NANOSECONDS},
    work_kind::WorkKind,
};
use crate::{
    Measurements,
    overlay::Assets,
    params::{Params, crop::crop::Crop, output::format::Format},
    plan::{self, Accept, Plan, passthrough::Passthrough},
    settings::Settings,
    size::Size,
};

/// What a render takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// CPU time, on a core of the machine that [`weights`] were measured on.
    pub cpu: Duration,
    /// Most memory that it holds at once, in bytes, the original and the answer included.
    pub bytes: u64,
}

/// Work by kind, and the memory that it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    amounts: [f64; WorkKind::COUNT],
    bytes: f64,
}

/// Memory beyond anything that a render of ours can ask for: a prediction that lies above it is cut to it.
const MOST_BYTES: f64 = 1e15;

/// CPU time of which the same holds.
const MOST_NANOSECONDS: f64 = 1e15;

impl Work {
    /// Of a request that is refused when its header is read.
    fn least(original: &Bytes) -> Self {
        let mut work = Self { amounts: [0.0; WorkKind::COUNT], bytes: 0.0 };
        work.add(WorkKind::Request, 1.0);
        work.hold(memory::JOB + original.len() as f64);
        work
    }

    fn add(&mut self, term: WorkKind, amount: f64) {
        self.amounts[term as usize] += amount;
    }

    /// Adds memory that is held until the end, as far as anybody knows.
    fn hold(&mut self, bytes: f64) {
        self.bytes += bytes;
    }

    /// How much there is of a kind, in its unit.
    pub fn amount(&self, term: WorkKind) -> f64 {
        self.amounts[term as usize]
    }

    /// What it costs.
    pub fn cost(&self) -> Cost {
        let terms = NANOSECONDS.iter().map(|(term, weight)| weight * self.amount(*term));
        let nanoseconds = terms.sum::<f64>().clamp(0.0, MOST_NANOSECONDS);
        Cost {
            cpu: Duration::from_nanos(nanoseconds as u64),
            bytes: self.bytes.clamp(0.0, MOST_BYTES) as u64,
        }
    }
}

/// What [`answer`](fn@crate::answer) will take for a request. A request that will be refused costs next to nothing; what
/// cannot be known beforehand, such as what is left inside a border, counts as the dearest that it can be.
pub fn predict(
    params: &Params,
    original: &Bytes,
    assets: &Assets,
    accept: Accept,
    settings: &Settings,
) -> Cost {
    work(params, original, assets, accept, settings).cost()
}

/// What an analysis looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Analysis {
    /// Faces and eyes.
    pub faces: bool,
    /// Nudity.
    pub nsfw: bool,
    /// Labels.
    pub labels: bool,
}

/// What it takes to look at a copy of the original whose long side has `side` pixels, with the models that are asked
/// for.
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

/// The work of a request, by kind: what calibration sets against what was measured.
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

/// What is known before a pixel is seen. A border counts as one that was found, since the picture is then decoded at
/// full size, and as one of no width, since then all of it is left.
fn facts(params: &Params, header: &Header, assets: &Assets) -> Measurements {
    let (orientation, _) = plan::turns(params, header.info.orientation);
    let whole = orientation.size(header.info.stored).rect();
    let trim = params.trim.map(|_| whole);
    let looks = params.crop == Some(Crop::Face) || params.redeye.is_some();
    let faces = assets.faces.iter().filter(|_| looks).map(|face| face.turned(&header.info, orientation));
    Measurements { trim, window: None, faces: faces.collect() }
}

/// Millions of pixels.
fn megapixels(size: Size) -> f64 {
    size.pixels() as f64 / 1e6
}

/// Bands of a decoded picture once it is 8-bit sRGB or grey.
fn bands(header: &Header) -> f64 {
    match (header.pixel_bytes, header.info.alpha) {
        (1, false) => 1.0,
        (_, false) => 3.0,
        (_, true) => 4.0,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
