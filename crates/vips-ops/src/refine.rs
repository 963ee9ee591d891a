//! The second pass: renders a picture again and encodes it with slow settings, to fewer bytes that look no worse than the first
//! encoding of it.

use bytes::Bytes;
use image_api::params::output::quality_method::QualityMethod;
use serde::{Deserialize, Serialize};
use vips::{Deadline, Image};

use crate::{
    encode::{
        auto_quality::{Metric, decode},
        encode,
    },
    error::{Error, Result, timely},
    format::OutputFormat,
    overlay::Assets,
    params::Params,
    plan::{Accept, Passthrough, Plan, encode::Encoding},
    render::{Prepared, pixels, prepare},
    settings::Settings,
};

/// How far below the quality of the first encoding the search goes: slow encoders gain less than that.
const LOWER: u8 = 15;

/// How far above it: a slow encoder may lose a little of the quality that it is set to, and still save bytes.
const HIGHER: u8 = 4;

/// Attempts that bisect the qualities from `LOWER` to `HIGHER`.
pub const ATTEMPTS: u8 = 5;

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
    let search = Search { image: &image, slow: plan.encode.refined(&settings.refine), settings, deadline };
    let refined = if plan.encode.format.is_lossy() {
        search.lossy(first.encoded)
    } else {
        search.lossless(first.encoded)
    };
    refined.map_err(|error| timely(error, deadline))
}

/// Whether the output of a plan can be refined, as far as the plan says.
fn is_suitable(plan: &Plan, settings: &Settings) -> bool {
    let is_slow = match plan.encode.format {
        OutputFormat::Jpeg | OutputFormat::Png | OutputFormat::Webp | OutputFormat::Avif => true,
        OutputFormat::Gif | OutputFormat::Mp4 => false,
    };
    let is_rendered = matches!(plan.passthrough, Passthrough::Never | Passthrough::IfSmaller);
    is_slow
        && is_rendered
        && plan.load.frames <= 1
        && plan.size.pixels() <= settings.refine.max_pixels
        && plan.size.width.min(plan.size.height) >= LEAST_SIDE
}

/// A search for a smaller encoding.
struct Search<'a> {
    image: &'a Image,
    slow: Encoding,
    settings: &'a Settings,
    deadline: &'a Deadline,
}

impl Search<'_> {
    fn lossless(&self, first: &Bytes) -> Result<Refined> {
        let bytes = self.encode(self.slow)?;
        Ok(self.judged(first, bytes, None))
    }

    fn lossy(&self, first: &Bytes) -> Result<Refined> {
        let metric = Metric::new(QualityMethod::Ssimulacra2, self.image).map_err(Error::of_encoder)?;
        let Some(least) = self.score(&metric, first)? else { return Ok(Refined::Kept(Reason::Unsuitable)) };
        let (mut low, mut high, mut quality) = self.range();
        let (mut best, mut is_too_large) = (None, false);
        for _ in 0..ATTEMPTS {
            let bytes = self.encode(Encoding { quality, search: None, ..self.slow })?;
            let score = self.score(&metric, &bytes)?.filter(|score| *score >= least);
            if let Some(score) = score {
                best = Some((bytes, score));
                high = quality - 1;
            } else if self.settings.refine.saves_enough(first.len(), bytes.len()) {
                low = quality + 1;
            } else {
                // higher qualities take even more bytes
                is_too_large = true;
                break;
            }
            if low > high {
                break;
            }
            quality = low + (high - low) / 2;
        }
        Ok(match best {
            Some((bytes, score)) => self.judged(first, bytes, Some([score, least])),
            None if is_too_large => Refined::Kept(Reason::NoGain),
            None => Refined::Kept(Reason::Quality),
        })
    }

    /// The lowest and the highest quality to try, and the first one, on the encoder's own scale.
    fn range(&self) -> (u8, u8, u8) {
        match self.slow.search {
            None => {
                let own = self.slow.quality;
                (own.saturating_sub(LOWER).max(1), own.saturating_add(HIGHER).min(100), own)
            }
            Some(search) => {
                let [low, high] = [search.min, search.max].map(|quality| self.slow.format.quality(quality));
                (low, high, low + (high - low) / 2)
            }
        }
    }

    fn encode(&self, output: Encoding) -> Result<Bytes> {
        if self.deadline.passed() {
            return Err(Error::Deadline);
        }
        encode(self.image, output).map_err(Error::of_encoder)
    }

    /// SSIMULACRA2 of an encoding; none if it has another size than the rendered pixels.
    fn score(&self, metric: &Metric, bytes: &Bytes) -> Result<Option<f64>> {
        if self.deadline.passed() {
            return Err(Error::Deadline);
        }
        let decoded = decode(bytes, self.slow.format).map_err(Error::of_encoder)?;
        if (decoded.width(), decoded.height()) != (self.image.width(), self.image.height()) {
            return Ok(None);
        }
        metric.compare(&decoded).map(Some).map_err(Error::of_encoder)
    }

    fn judged(&self, first: &Bytes, bytes: Bytes, scores: Option<[f64; 2]>) -> Refined {
        if self.settings.refine.saves_enough(first.len(), bytes.len()) {
            Refined::Saved { bytes, scores }
        } else {
            Refined::Kept(Reason::NoGain)
        }
    }
}
