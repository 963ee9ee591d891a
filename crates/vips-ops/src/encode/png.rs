//! PNG: rows stream from libvips into the encoder beside it, and libvips says which chunks hold the metadata; or libvips
//! does all of it.

use bytes::Bytes;
use codecs::{PngEncoder, PngStrategy as Strategy, Shape};
use vips::{BandFormat, Image, Interpretation, Keep, Palette, PngRows, Result};

use super::{carrier, png_chunks};
use crate::format::OutputFormat;

/// Levels of libdeflate for filtered rows and the settings 0 to 9. Measured on photographs and drawings of 512 pixels: levels
/// 2 to 4 cost more than 1 and save nothing, and 12 takes twice as long as 11 for less than a percent.
const LEVELS: [u8; 10] = [0, 1, 1, 5, 6, 7, 8, 9, 10, 11];

/// The same for indices of a palette, which are fewer bytes and have no filter: level 5 costs less than zlib's 2, for 3 % to
/// a third fewer bytes.
const PALETTE_LEVELS: [u8; 10] = [0, 1, 5, 5, 6, 7, 8, 9, 10, 11];

/// The choices of filters of which the second pass takes the one with the smallest result. On six photographs of 512 px each was
/// the best of some; compressing every row by all filters saved up to 0.5 % more in three times the time.
const STRATEGIES: [Strategy; 4] =
    [Strategy::LeastSum, Strategy::LeastEntropy, Strategy::FewestPairs, Strategy::Average];

/// The level of libdeflate at which choices of filters are compared with each other.
const TRIAL_LEVEL: u8 = 6;

/// How pixels become a PNG.
#[derive(Clone, Copy)]
pub struct Writer {
    /// Whether libvips does all of it.
    pub is_libvips: bool,
    /// 0 (none) to 9.
    pub compression: u8,
    /// Whether several choices of filters are tried, for the second pass.
    pub is_slow: bool,
    /// The order of rows; the encoder beside libvips does not interlace.
    pub rows: PngRows,
    /// What is written of the metadata.
    pub keep: Keep,
}

impl Writer {
    /// Each pixel with its colour.
    pub fn direct(self, image: &Image) -> Result<Bytes> {
        let shape = if self.is_libvips() { None } else { shape(image) };
        let Some(shape) = shape else { return self.by_libvips(image) };
        let carrier = carrier::encoded(image, OutputFormat::Png, self.keep, |pixel| self.by_libvips(pixel))?;
        let carrier = png_chunks::without_default_resolution(carrier);
        let (before, after) = png_chunks::metadata(&carrier);
        let encode = |strategy, level| {
            let Some(mut encoder) = PngEncoder::new(shape, strategy) else { return self.by_libvips(image) };
            image.for_each_row(|row| encoder.write(row))?;
            encoder.finish(level, &before, &after).map(Bytes::from).map_err(|error| failed(&error))
        };
        let level = self.level(LEVELS);
        let mut smallest = (usize::MAX, STRATEGIES[0]);
        for strategy in STRATEGIES.into_iter().filter(|_| self.is_slow) {
            let length = encode(strategy, level.min(TRIAL_LEVEL))?.len();
            if length < smallest.0 {
                smallest = (length, strategy);
            }
        }
        encode(smallest.1, level)
    }

    /// One band of values as greyscale of `bits` bits, 1, 2, 4 or 8, not filtered and without metadata.
    pub fn levels(self, values: &[u8], (width, height): (u32, u32), bits: u8) -> Result<Bytes> {
        if self.is_libvips() {
            let image = Image::from_pixels(values, width, height, 1)?;
            return image.save_png_bits(self.compression, self.rows, bits);
        }
        let level = self.level(PALETTE_LEVELS);
        codecs::encode_png_levels(width, height, bits, values, level)
            .map(Bytes::from)
            .map_err(|error| failed(&error))
    }

    /// As [`Writer::direct`] by libvips, for example to carry metadata.
    pub fn by_libvips(self, image: &Image) -> Result<Bytes> {
        image.save_png(self.compression, self.rows, Palette::Direct, self.keep)
    }

    fn is_libvips(self) -> bool {
        self.is_libvips || self.rows == PngRows::Interlaced
    }

    /// The level of libdeflate, 0 to 12.
    fn level(self, levels: [u8; 10]) -> u8 {
        levels[usize::from(self.compression).min(levels.len() - 1)] + u8::from(self.is_slow)
    }
}

/// The shape of an image of 8-bit grey or sRGB, with or without alpha.
fn shape(image: &Image) -> Option<Shape> {
    let bands = image.bands();
    let is_usual = match image.interpretation() {
        Interpretation::Grey => bands <= 2,
        Interpretation::Srgb => bands >= 3,
        _ => false,
    };
    (is_usual && image.format() == BandFormat::Uchar).then_some(Shape {
        width: image.width(),
        height: image.height(),
        bands,
        depth: 1,
    })
}

fn failed(error: &codecs::Error) -> vips::Error {
    vips::Error::Operation { operation: "encode png".into(), detail: error.to_string() }
}
