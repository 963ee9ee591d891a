//! The attempts of the second pass in lossy formats: encodings on a scale of the format, and their scores.

use bytes::Bytes;
use codecs::jpeg::{Coefficients, Subsampling};
use image_api::params::output::quality_method::QualityMethod;
use vips::{Deadline, Image};

use super::{
    LEAST_SIDE,
    search::{Attempt, Scale},
};
use crate::{
    encode::{
        auto_quality::{Metric, decode},
        encode, jpeg,
    },
    error::{Error, Result},
    format::OutputFormat,
    plan::encode::Encoding,
    source,
};

/// Most attempts in any format.
pub const ATTEMPTS: u8 = 5;

/// Most attempts of AVIF, each of which takes 0.6 to 1.8 seconds of CPU time per megapixel.
const AVIF_ATTEMPTS: u8 = 3;

/// JPEG: steps of the scale. The finest has quantisation steps of 1.
const JPEG_STEPS: u8 = 240;

/// JPEG: steps of the scale over which quantisation becomes twice as fine.
const JPEG_OCTAVE: f32 = 28.0;

/// JPEG: the factor of quantisation steps at the finest step of the scale.
const JPEG_FINEST: f32 = 0.05;

/// JPEG: how much coarser than the standard's example tables ours are at an equal score.
const JPEG_COARSER: f32 = 1.3;

/// AVIF: quantisers of libheif's quality (libaom's `cq_level`, 0 to 63), so that no two steps are the same.
const AVIF_QUANTISERS: u8 = 63;

/// An image, its first encoding, and how it is encoded again.
pub struct Lossy<'a> {
    image: &'a Image,
    slow: Encoding,
    first: &'a Bytes,
    metric: Metric,
    jpeg: Option<Coefficients>,
    deadline: &'a Deadline,
    /// The score of the first encoding.
    pub least: f64,
}

impl<'a> Lossy<'a> {
    /// Compares the first encoding with the image. None if that is not possible, or not in the format of the first.
    pub fn new(
        image: &'a Image,
        slow: Encoding,
        first: &'a Bytes,
        deadline: &'a Deadline,
    ) -> Result<Option<Self>> {
        if image.width().min(image.height()) < LEAST_SIDE {
            return Ok(None);
        }
        let jpeg = match slow.format {
            OutputFormat::Jpeg => {
                let Some(coefficients) = coefficients(image, slow, first)? else { return Ok(None) };
                Some(coefficients)
            }
            _ => None,
        };
        let metric = Metric::new(QualityMethod::Ssimulacra2, image).map_err(Error::of_encoder)?;
        let mut lossy = Self { image, slow, first, metric, jpeg, deadline, least: 0.0 };
        let Some(least) = lossy.score(first)? else { return Ok(None) };
        lossy.least = least;
        Ok(Some(lossy))
    }

    /// The scale of qualities on which to search.
    pub fn scale(&self) -> Scale {
        let own = self.slow.quality;
        let is_known = self.slow.search.is_none();
        match self.slow.format {
            OutputFormat::Jpeg => {
                let quality = source::jpeg::quality(self.first).unwrap_or(own);
                Scale { low: 1, high: JPEG_STEPS, start: jpeg_step(quality), slope: 0.3, attempts: ATTEMPTS }
            }
            OutputFormat::Avif => {
                let start = if is_known { own } else { self.slow.format.quality(80) };
                let start = avif_step(start).saturating_sub(3);
                Scale { low: 1, high: AVIF_QUANTISERS, start, slope: 0.9, attempts: AVIF_ATTEMPTS }
            }
            _ => {
                let start = if is_known { own.saturating_sub(5) } else { 75 };
                Scale { low: 1, high: 100, start, slope: 0.6, attempts: ATTEMPTS }
            }
        }
    }

    /// Encodes at a step of the scale.
    pub fn attempt(&mut self, step: u8) -> Result<Attempt> {
        if self.deadline.passed() {
            return Err(Error::Deadline);
        }
        let bytes = match &self.jpeg {
            Some(coefficients) => jpeg::slow(self.image, coefficients, jpeg_scale(step), self.slow),
            None => encode(self.image, Encoding { quality: self.quality(step), search: None, ..self.slow }),
        };
        let bytes = bytes.map_err(Error::of_encoder)?;
        let score = self.score(&bytes)?.unwrap_or(f64::NEG_INFINITY);
        Ok(Attempt { bytes, score })
    }

    /// The quality of a step on the encoder's own scale.
    fn quality(&self, step: u8) -> u8 {
        if self.slow.format == OutputFormat::Avif { avif_quality(step) } else { step }
    }

    /// SSIMULACRA2 of an encoding; none if it has another size than the rendered pixels.
    fn score(&self, bytes: &Bytes) -> Result<Option<f64>> {
        if self.deadline.passed() {
            return Err(Error::Deadline);
        }
        let decoded = decode(bytes, self.slow.format).map_err(Error::of_encoder)?;
        if (decoded.width(), decoded.height()) != (self.image.width(), self.image.height()) {
            return Ok(None);
        }
        self.metric.compare(&decoded).map(Some).map_err(Error::of_encoder)
    }
}

/// The coefficients of an image with the chroma subsampling of its first encoding. None for what the encoder beside libvips does
/// not take.
fn coefficients(image: &Image, slow: Encoding, first: &Bytes) -> Result<Option<Coefficients>> {
    let Some(bands) = slow.codec.and_then(|_| jpeg::bands(image)) else { return Ok(None) };
    let subsampling = match source::jpeg::is_chroma_halved(first) {
        Some(true) => Subsampling::Halved,
        Some(false) => Subsampling::Full,
        None if bands == 1 => Subsampling::Full,
        None => return Ok(None),
    };
    let pixels = image.pixels().map_err(Error::of_pixels)?;
    let made = Coefficients::new(&pixels, (image.width(), image.height()), bands, subsampling);
    made.map(Some).map_err(|error| Error::of_encoder(jpeg::of_encoder(error)))
}

/// The factor of quantisation steps at a step of the scale.
fn jpeg_scale(step: u8) -> f32 {
    JPEG_FINEST * ((f32::from(JPEG_STEPS) - f32::from(step)) / JPEG_OCTAVE).exp2()
}

/// The step whose quantisation is about as good as a quality of libjpeg, 1 to 100.
fn jpeg_step(quality: u8) -> u8 {
    let quality = f32::from(quality.clamp(1, 99));
    // libjpeg's jpeg_quality_scaling
    let scale = if quality < 50.0 { 50.0 / quality } else { 2.0 - quality / 50.0 };
    let octaves = (scale * JPEG_COARSER / JPEG_FINEST).log2();
    (f32::from(JPEG_STEPS) - octaves * JPEG_OCTAVE).round().clamp(1.0, f32::from(JPEG_STEPS)) as u8
}

/// The step of a quality of AVIF, 1 to 100.
fn avif_step(quality: u8) -> u8 {
    AVIF_QUANTISERS
        - ((100 - u16::from(quality.min(100))) * u16::from(AVIF_QUANTISERS) + 50).div_euclid(100) as u8
}

/// The quality of AVIF at a step, 1 to 100.
fn avif_quality(step: u8) -> u8 {
    let coarseness = u16::from(AVIF_QUANTISERS - step.min(AVIF_QUANTISERS));
    (100 - (coarseness * 100 + u16::from(AVIF_QUANTISERS) / 2) / u16::from(AVIF_QUANTISERS)).max(1) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_rise_with_quality_and_reach_their_ends() {
        for step in 1..=AVIF_QUANTISERS {
            assert_eq!(avif_step(avif_quality(step)), step, "{step}");
        }
        for steps in (1..=JPEG_STEPS).collect::<Vec<_>>().windows(2) {
            assert!(jpeg_scale(steps[0]) > jpeg_scale(steps[1]));
        }
        let starts: Vec<_> = (0..=u8::MAX).map(jpeg_step).collect();
        assert!(starts.is_sorted() && starts[0] >= 1);
        assert!((jpeg_scale(jpeg_step(90)) - 0.2 * JPEG_COARSER).abs() < 0.02);
        assert!((1..=100).map(avif_step).collect::<Vec<_>>().is_sorted());
    }
}
