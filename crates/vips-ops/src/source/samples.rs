//! Samples of other kinds than 8 and 16 bits unsigned, as TIFF has them: what is black, and what is white.

use bytes::Bytes;
use vips::{Access, BandFormat, Image, Interpretation};

use super::{SourceFormat, full_size_loader, ifd::Ifd, sniff::UnsupportedFormat};
use crate::error::{Error, Result};

/// From stored samples to 16 bits unsigned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleScale {
    /// The number that is black.
    black: f64,
    /// The number that is white.
    white: f64,
    /// The number that is opaque, when there is alpha.
    opaque: Option<f64>,
}

/// White of what samples are scaled to.
const WHITE: f64 = 65_535.0;
const ROUND: f64 = 0.5;

/// Numbers that are white in some files.
const FLOAT_WHITES: [f64; 3] = [1.0, 255.0, 65_535.0];
const SIGNED_8_WHITES: [f64; 2] = [1.0, 127.0];
/// The largest numbers of 8, 10, 12, 14 bits, which are stored in wider ones, and of the wider ones.
const SIGNED_16_WHITES: [f64; 6] = [1.0, 255.0, 1023.0, 4095.0, 16_383.0, 32_767.0];
const SIGNED_32_WHITES: [f64; 8] =
    [1.0, 255.0, 1023.0, 4095.0, 16_383.0, 65_535.0, 16_777_215.0, 2_147_483_647.0];
const UNSIGNED_32_WHITES: [f64; 8] =
    [1.0, 255.0, 1023.0, 4095.0, 16_383.0, 65_535.0, 16_777_215.0, 4_294_967_295.0];

/// Part of white that the brightest sample must reach for that white to be believed.
const REACH: f64 = 0.25;

/// Tags of TIFF 6.0, and the values of complex samples.
const BITS: u16 = 258;
const SAMPLE_FORMAT: u16 = 339;
const COMPLEX: [u32; 2] = [5, 6];

/// How far floats may lie below black and above white, as a part of white: resampling overshoots at edges.
const OVERSHOOT: f64 = 0.1;

/// Numbers beyond which samples are marks for "no data" or not a picture.
const SANE: f64 = 1e30;

impl SampleScale {
    /// The scale of a picture; none if its samples can be used as they are. All pixels are read to find their range.
    ///
    /// Samples from 0 on whose largest is at least a quarter of a usual white, 1 or 255 for floats or the largest number of
    /// some bits, are taken by that white. All others are stretched from their smallest to their largest.
    pub fn detect(format: SourceFormat, bytes: &Bytes, image: &Image) -> Result<Option<Self>> {
        let usual = matches!(image.format(), BandFormat::Uchar | BandFormat::Ushort);
        if format != SourceFormat::Tiff || usual || !is_plain(image.interpretation()) {
            return Ok(None);
        }
        let whites = whites(image.format()).ok_or(Error::Unsupported(UnsupportedFormat::Samples))?;
        // what is open already has to stay good for another pass
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

    /// Scales to 16 bits unsigned, grey or red, green and blue.
    pub fn apply(self, image: &Image) -> vips::Result<Image> {
        let colours = colours(image);
        let bands = image.bands().min(colours + 1);
        let image = if bands < image.bands() { image.extract_bands(0, bands)? } else { image.clone() };
        let range = (self.white - self.black).max(f64::MIN_POSITIVE);
        // a cast rounds down
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

/// Whether samples are grey or red, green and blue, however libvips calls them; Lab and CMYK have units of their own.
fn is_plain(interpretation: Interpretation) -> bool {
    !matches!(interpretation, Interpretation::Lab | Interpretation::Cmyk)
}

/// What may be white; none for complex numbers.
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

/// Whether a TIFF has samples that libvips opens none of: numbers of more than 32 bits, or complex ones.
pub fn are_unsupported(format: SourceFormat, bytes: &[u8]) -> bool {
    if format != SourceFormat::Tiff {
        return false;
    }
    let Some(first) = Ifd::first(bytes) else { return false };
    let complex = first.value(SAMPLE_FORMAT).is_some_and(|format| COMPLEX.contains(&format));
    complex || first.value(BITS).is_some_and(|bits| bits > 32)
}

/// Bands of colour: 1 or 3; what follows them is alpha.
fn colours(image: &Image) -> u32 {
    if image.bands() < 3 { 1 } else { 3 }
}

/// Smallest and largest colour, if all are sane numbers, and the largest alpha.
#[expect(clippy::type_complexity, reason = "two results of one pass each")]
fn ranges(image: &Image, colours: u32) -> Result<(Option<(f64, f64)>, Option<f64>)> {
    let range = |image: &Image| image.range().map_err(Error::of_pixels);
    let is_sane = |(low, high, sum): (f64, f64, f64)| sum.is_finite() && low.abs().max(high.abs()) < SANE;
    if image.bands() <= colours {
        let found = range(image)?;
        return Ok((is_sane(found).then_some((found.0, found.1)), None));
    }
    // two passes over one picture
    let image = image.copy_memory().map_err(Error::of_pixels)?;
    let part = |first, count| image.extract_bands(first, count).map_err(Error::of_pixels);
    let (colour, alpha) = (range(&part(0, colours)?)?, range(&part(colours, 1)?)?);
    let sane = is_sane(colour) && is_sane(alpha);
    Ok((sane.then_some((colour.0, colour.1)), Some(alpha.1)))
}

/// What is black and what is white, by the smallest and the largest sample.
fn limits(low: f64, high: f64, whites: &[f64]) -> (f64, f64) {
    let overshoot = if whites == FLOAT_WHITES { OVERSHOOT } else { 0.0 };
    let fits = |white: &&f64| high <= **white * (1.0 + overshoot) && low >= -**white * overshoot;
    match whites.iter().find(fits) {
        Some(white) if high >= white * REACH => (0.0, *white),
        _ if low < high => (low, high),
        // one colour all over: as bright as it is among the usual numbers
        _ => (0.0, whites.iter().copied().find(|white| low <= *white).unwrap_or(low)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_whites_are_believed_and_others_are_stretched() {
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
