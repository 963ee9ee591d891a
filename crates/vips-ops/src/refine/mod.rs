//! The second pass: renders a picture again and encodes it with slow settings, to fewer bytes that look no worse than the first
//! encoding of it.

mod lossy;
mod score;
mod search;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use image_api::settings::Refine;
use serde::{Deserialize, Serialize};
use vips::Deadline;

pub use self::{lossy::ATTEMPTS, score::score};
use self::{
    lossy::Lossy,
    search::{Found, search},
};
use crate::{
    encode::encode,
    error::{Error, Result, timely},
    format::OutputFormat,
    overlay::Assets,
    params::Params,
    plan::{Accept, Passthrough, Plan},
    render::{Prepared, pixels, prepare},
    settings::Settings,
};

/// Least side in pixels for which SSIMULACRA2 has a scale.
const LEAST_SIDE: u32 = 8;

/// A picture that was requested, and its first encoding.
#[derive(Debug, Clone, Copy)]
pub struct First<'a> {
    /// The parameters of the picture.
    pub params: &'a Params,
    /// The original.
    pub original: &'a Bytes,
    /// The overlays, and the faces in the original.
    pub assets: &'a Assets,
    /// The formats that the client accepts.
    pub accept: Accept,
    /// The first encoding.
    pub encoded: &'a Bytes,
}

/// The result of the second pass.
#[derive(Debug, Clone, PartialEq)]
pub enum Refined {
    /// A smaller encoding of at least the same quality.
    Saved {
        /// The encoded file.
        bytes: Bytes,
        /// Its SSIMULACRA2, and that of the first encoding; none if the format is lossless.
        scores: Option<[f64; 2]>,
    },
    /// The first encoding remains.
    Kept(Reason),
}

/// Why a first encoding remains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// No encoding of the same quality saves enough bytes.
    NoGain,
    /// No encoding that was tried has the same quality.
    Quality,
    /// It is not refined: an original that was passed through, an animation, a format without slow settings, too large, or too
    /// small to compare.
    Unsuitable,
}

/// Encodes a picture again with the settings of `settings.refine`.
///
/// Both encodings are decoded and compared with the rendered pixels by SSIMULACRA2. The lowest quality is searched for at which
/// the score is not below that of the first encoding. PNG stays lossless and is not compared.
///
/// # Errors
///
/// Those of a render; [`Error::Deadline`] if the search does not end in time.
pub fn refine(first: &First<'_>, settings: &Settings, deadline: &Deadline) -> Result<Refined> {
    let First { params, original, assets, accept, .. } = *first;
    let wanted = params.of_picture();
    if params.meta.is_some() || wanted.is_empty() {
        return Ok(Refined::Kept(Reason::Unsuitable));
    }
    let prepared = prepare(&wanted, original, assets, accept, settings, deadline, &mut |_| ())?;
    let Prepared { source, plan, overlays } = &prepared;
    if !is_suitable(plan, settings) || overlays.left_out {
        return Ok(Refined::Kept(Reason::Unsuitable));
    }
    let rendered = pixels(plan, source, &overlays.drawn, deadline)
        .and_then(|image| image.copy_memory().map_err(Error::of_pixels));
    let image = rendered.map_err(|error| timely(error, deadline))?;
    image.watch(deadline);
    let slow = plan.encode.refined(&settings.refine);
    let saves = |bytes: usize| settings.refine.saves_enough(first.encoded.len(), bytes);
    let refined = if plan.encode.format.is_lossy() {
        let lossy = Lossy::new(&image, slow, first.encoded, deadline);
        lossy.and_then(|lossy| {
            lossy.map_or(Ok(Refined::Kept(Reason::Unsuitable)), |lossy| smallest(lossy, &saves))
        })
    } else {
        encode(&image, slow).map_err(Error::of_encoder).map(|bytes| judged(bytes, None, &saves))
    };
    refined.map_err(|error| timely(error, deadline))
}

/// Searches for the smallest encoding whose score is not below that of the first.
fn smallest(mut lossy: Lossy<'_>, saves: &dyn Fn(usize) -> bool) -> Result<Refined> {
    let (least, scale) = (lossy.least, lossy.scale());
    let found = search(scale, least, saves, |step| lossy.attempt(step))?;
    Ok(match found {
        Found::Best { bytes, score } => judged(bytes, Some([score, least]), saves),
        Found::TooLarge => Refined::Kept(Reason::NoGain),
        Found::Worse => Refined::Kept(Reason::Quality),
    })
}

fn judged(bytes: Bytes, scores: Option<[f64; 2]>, saves: &dyn Fn(usize) -> bool) -> Refined {
    if saves(bytes.len()) { Refined::Saved { bytes, scores } } else { Refined::Kept(Reason::NoGain) }
}

/// Whether the output of a plan can be refined, as far as the plan says.
fn is_suitable(plan: &Plan, settings: &Settings) -> bool {
    let is_slow = match plan.encode.format {
        OutputFormat::Jpeg | OutputFormat::Png | OutputFormat::Webp | OutputFormat::Avif => true,
        OutputFormat::Gif | OutputFormat::Mp4 => false,
    };
    let Refine { max_pixels, avif_max_pixels, .. } = settings.refine;
    let is_avif = plan.encode.format == OutputFormat::Avif;
    let largest = if is_avif { max_pixels.min(avif_max_pixels) } else { max_pixels };
    let is_rendered = matches!(plan.passthrough, Passthrough::Never | Passthrough::IfSmaller);
    is_slow
        && is_rendered
        && plan.load.frames <= 1
        && plan.size.pixels() <= largest
        && plan.size.width.min(plan.size.height) >= LEAST_SIDE
}
