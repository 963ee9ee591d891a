//! PNG: rows stream from libvips into the encoder beside it, and libvips says which chunks hold the metadata; or libvips
//! does all of it.

use bytes::Bytes;
use codecs::{PngEncoder, Shape};
use vips::{BandFormat, Image, Interpretation, Keep, Palette, PngRows, Result};

use super::png_chunks;

/// Levels of libdeflate for filtered rows and the settings 0 to 9. Measured on photographs and drawings of 512 pixels: levels
/// 2 to 4 cost more than 1 and save nothing, and 12 takes twice as long as 11 for less than a percent.
const LEVELS: [u8; 10] = [0, 1, 1, 5, 6, 7, 8, 9, 10, 11];

/// The same for indices of a palette, which are fewer bytes and have no filter: level 5 costs less than zlib's 2, for 3 % to
/// a third fewer bytes.
const PALETTE_LEVELS: [u8; 10] = [0, 1, 5, 5, 6, 7, 8, 9, 10, 11];

/// How pixels become a PNG.
#[derive(Clone, Copy)]
pub struct Writer {
    /// Whether libvips does all of it.
    pub is_libvips: bool,
    /// 0 (none) to 9.
    pub compression: u8,
    /// The order of rows; the encoder beside libvips does not interlace.
    pub rows: PngRows,
    /// What is written of the metadata.
    pub keep: Keep,
}

impl Writer {
    /// Each pixel with its colour.
    pub fn direct(self, image: &Image) -> Result<Bytes> {
        let encoder = if self.is_libvips() { None } else { shape(image).and_then(PngEncoder::new) };
        let Some(mut encoder) = encoder else { return self.by_libvips(image) };
        image.for_each_row(|row| encoder.write(row))?;
        let carrier = png_chunks::without_default_resolution(self.by_libvips(&image.carrier()?)?);
        let (before, after) = png_chunks::metadata(&carrier);
        encoder.finish(self.level(LEVELS), &before, &after).map(Bytes::from).map_err(|error| failed(&error))
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

    fn level(self, levels: [u8; 10]) -> u8 {
        levels[usize::from(self.compression).min(levels.len() - 1)]
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
