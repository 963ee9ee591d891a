//! Scales TIFF samples other than unsigned 8 and 16 bits: determines which values are black and white.

use bytes::Bytes;
use vips::{Access, BandFormat, Image, Interpretation};

use image_api::source::SourceFormat;

use super::{ifd::Ifd, loader::full_size_loader, sniff::UnsupportedFormat};
use crate::error::{Error, Result};

/// A linear mapping from stored samples to 16 bits unsigned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleScale {
    /// The value of black.
    black: f64,
    /// The value of white.
    white: f64,
    /// The value of opaque alpha, if there is alpha.
    opaque: Option<f64>,
}

/// White of the result, and the rounding offset of a truncating cast.
const WHITE: f64 = 65_535.0;
const ROUND: f64 = 0.5;

/// Values commonly used as white, by sample format.
const FLOAT_WHITES: [f64; 3] = [1.0, 255.0, 65_535.0];
const SIGNED_8_WHITES: [f64; 2] = [1.0, 127.0];
/// The maxima of 8, 10, 12 and 14 bits, which are stored in wider integers, and of the wider ones.
const SIGNED_16_WHITES: [f64; 6] = [1.0, 255.0, 1023.0, 4095.0, 16_383.0, 32_767.0];
const SIGNED_32_WHITES: [f64; 8] =
    [1.0, 255.0, 1023.0, 4095.0, 16_383.0, 65_535.0, 16_777_215.0, 2_147_483_647.0];
const UNSIGNED_32_WHITES: [f64; 8] =
    [1.0, 255.0, 1023.0, 4095.0, 16_383.0, 65_535.0, 16_777_215.0, 4_294_967_295.0];

/// Fraction of a white value that the brightest sample must reach for that white to be assumed.
const REACH: f64 = 0.25;

/// Tags of TIFF 6.0, and the sample formats of complex numbers.
const BITS: u16 = 258;
const SAMPLE_FORMAT: u16 = 339;
const COMPLEX: [u32; 2] = [5, 6];

/// Fraction of white by which floats may exceed black and white: resampling overshoots at edges.
const OVERSHOOT: f64 = 0.1;

/// Absolute value above which samples are "no data" markers or not an image.
const SANE: f64 = 1e30;

impl SampleScale {
    /// Detects the mapping of an image; `None` if its samples can be used directly. Reads all pixels to find their
    /// range.
    ///
    /// Non-negative samples whose maximum is at least a quarter of a common white value (1 or 255 for floats, or the
    /// maximum of a bit depth) use that white. All others are stretched from their minimum to their maximum.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for samples that are complex, infinite or not numbers, and those of decoding.
    pub fn detect(format: SourceFormat, bytes: &Bytes, image: &Image) -> Result<Option<Self>> {
        let usual = matches!(image.format(), BandFormat::Uchar | BandFormat::Ushort);
        if format != SourceFormat::Tiff || usual || !is_plain(image.interpretation()) {
            return Ok(None);
        }
        let whites = whites(image.format()).ok_or(Error::Unsupported(UnsupportedFormat::Samples))?;
        // the image that is open already must stay usable for another pass
        let loader = full_size_loader(format).expect("invariant: libvips reads TIFF");
        let image = Image::load(bytes, &loader, Access::Sequential).map_err(Error::of_pixels)?;
        let colours = colours(&image);
        let (ranges, alpha) = ranges(&image, colours)?;
        let Some((low, high)) = ranges else { return Err(Error::Unsupported(UnsupportedFormat::Samples)) };
        let (black, white) = limits(low, high, whites);
        let opaque = alpha.map(|high| {
            whites.iter().copied().find(|white| high <= white * (1.0 + OVERSHOOT)).unwrap_or(high)
        });
        Ok(Some(Self { black, white, opaque }))
    }

    /// Maps an image to 16 bits unsigned, grey or RGB.
    pub fn apply(self, image: &Image) -> vips::Result<Image> {
        let colours = colours(image);
        let bands = image.bands().min(colours + 1);
        let image = if bands < image.bands() { image.extract_bands(0, bands)? } else { image.clone() };
        let range = (self.white - self.black).max(f64::MIN_POSITIVE);
        // a cast truncates
        let (gain, add) = (WHITE / range, ROUND - self.black * WHITE / range);
        let mut gains = vec![gain; colours as usize];
        let mut adds = vec![add; colours as usize];
        if bands > colours {
            gains.push(WHITE / self.opaque.unwrap_or(self.white));
            adds.push(ROUND);
        }
        let kind = if colours == 1 { Interpretation::Grey16 } else { Interpretation::Rgb16 };
        image.linear(&gains, &adds)?.cast(BandFormat::Ushort)?.interpret(kind)
    }
}

/// Whether samples are grey or RGB, whatever interpretation libvips assigns; Lab and CMYK have their own units.
fn is_plain(interpretation: Interpretation) -> bool {
    !matches!(interpretation, Interpretation::Lab | Interpretation::Cmyk)
}

/// Candidates for white; `None` for complex numbers.
fn whites(format: BandFormat) -> Option<&'static [f64]> {
    match format {
        BandFormat::Float | BandFormat::Double => Some(&FLOAT_WHITES),
        BandFormat::Char => Some(&SIGNED_8_WHITES),
        BandFormat::Short => Some(&SIGNED_16_WHITES),
        BandFormat::Int => Some(&SIGNED_32_WHITES),
        BandFormat::Uint => Some(&UNSIGNED_32_WHITES),
        _ => None,
    }
}

/// Whether a TIFF has samples that libvips cannot open: more than 32 bits, or complex.
pub fn are_unsupported(format: SourceFormat, bytes: &[u8]) -> bool {
    if format != SourceFormat::Tiff {
        return false;
    }
    let Some(first) = Ifd::first(bytes) else { return false };
    let complex = first.value(SAMPLE_FORMAT).is_some_and(|format| COMPLEX.contains(&format));
    complex || first.value(BITS).is_some_and(|bits| bits > 32)
}

/// Number of colour bands, 1 or 3; the next one is alpha.
fn colours(image: &Image) -> u32 {
    if image.bands() < 3 { 1 } else { 3 }
}

/// The minimum and maximum of the colours, if all are finite and below [`SANE`], and the maximum of alpha.
#[expect(clippy::type_complexity, reason = "two results of one pass each")]
fn ranges(image: &Image, colours: u32) -> Result<(Option<(f64, f64)>, Option<f64>)> {
    let range = |image: &Image| image.range().map_err(Error::of_pixels);
    let is_sane = |(low, high, sum): (f64, f64, f64)| sum.is_finite() && low.abs().max(high.abs()) < SANE;
    if image.bands() <= colours {
        let found = range(image)?;
        return Ok((is_sane(found).then_some((found.0, found.1)), None));
    }
    // two passes over one image
    let image = image.copy_memory().map_err(Error::of_pixels)?;
    let part = |first, count| image.extract_bands(first, count).map_err(Error::of_pixels);
    let (colour, alpha) = (range(&part(0, colours)?)?, range(&part(colours, 1)?)?);
    let sane = is_sane(colour) && is_sane(alpha);
    Ok((sane.then_some((colour.0, colour.1)), Some(alpha.1)))
}

/// Black and white, from the minimum and maximum of the samples.
fn limits(low: f64, high: f64, whites: &[f64]) -> (f64, f64) {
    let overshoot = if whites == FLOAT_WHITES { OVERSHOOT } else { 0.0 };
    let fits = |white: &&f64| high <= **white * (1.0 + overshoot) && low >= -**white * overshoot;
    match whites.iter().find(fits) {
        Some(white) if high >= white * REACH => (0.0, *white),
        _ if low < high => (low, high),
        // a uniform image: relative to the smallest fitting white
        _ => (0.0, whites.iter().copied().find(|white| low <= *white).unwrap_or(low)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_whites_are_assumed_and_other_ranges_are_stretched() {
        for (whites, low, high, expected) in [
            (&FLOAT_WHITES[..], 0.0, 1.0, (0.0, 1.0)),
            (&FLOAT_WHITES, 0.2, 0.6, (0.0, 1.0)),
            (&FLOAT_WHITES, -0.03, 1.06, (0.0, 1.0)),
            (&FLOAT_WHITES, 0.0, 250.0, (0.0, 255.0)),
            (&FLOAT_WHITES, 0.0, 60_000.0, (0.0, 65_535.0)),
            (&FLOAT_WHITES, 0.0, 0.01, (0.0, 0.01)),
            (&FLOAT_WHITES, 0.1, 3.7, (0.1, 3.7)),
            (&FLOAT_WHITES, -1.0, 1.0, (-1.0, 1.0)),
            (&FLOAT_WHITES, -4000.0, 8000.0, (-4000.0, 8000.0)),
            (&FLOAT_WHITES, 0.5, 0.5, (0.0, 1.0)),
            (&FLOAT_WHITES, 0.0, 0.0, (0.0, 1.0)),
            (&UNSIGNED_32_WHITES, 0.0, 4e9, (0.0, 4_294_967_295.0)),
            (&UNSIGNED_32_WHITES, 0.0, 200.0, (0.0, 255.0)),
            (&UNSIGNED_32_WHITES, 3.0, 40.0, (3.0, 40.0)),
            (&UNSIGNED_32_WHITES, 0.0, 3000.0, (0.0, 4095.0)),
            (&UNSIGNED_32_WHITES, 0.0, 240_000.0, (0.0, 240_000.0)),
            (&UNSIGNED_32_WHITES, 0.0, 1.0, (0.0, 1.0)),
            (&SIGNED_32_WHITES, 0.0, 2e9, (0.0, 2_147_483_647.0)),
            (&SIGNED_16_WHITES, 0.0, 30_000.0, (0.0, 32_767.0)),
            (&SIGNED_16_WHITES, -1000.0, 2000.0, (-1000.0, 2000.0)),
            (&SIGNED_8_WHITES, 0.0, 100.0, (0.0, 127.0)),
        ] {
            assert_eq!(limits(low, high, whites), expected, "{low} {high} of {whites:?}");
        }
    }
}
