//! Decoders beside libvips: which one takes an original, and how its rows become an image of libvips.

use codecs::{Decoder, Rows, Shape};
use image_api::{plan::load::Load, source::SourceFormat};
use vips::{BandFormat, Image, Interpretation};

use super::{Codec, Source};
use crate::error::{Error, Result};

/// The decoder of a codec.
fn decoder(codec: Codec) -> &'static Decoder {
    match codec {
        Codec::Dav1d => &codecs::DAV1D,
        Codec::Png => &codecs::PNG,
        Codec::Libwebp => &codecs::LIBWEBP,
        Codec::LibjpegTurbo => &codecs::LIBJPEG_TURBO,
    }
}

/// The codec of a format.
fn of_format(format: SourceFormat) -> Option<Codec> {
    match format {
        SourceFormat::Webp => Some(Codec::Libwebp),
        SourceFormat::Heif => Some(Codec::Dav1d),
        SourceFormat::Png => Some(Codec::Png),
        SourceFormat::Jpeg => Some(Codec::LibjpegTurbo),
        _ => None,
    }
}

/// The codec that takes an original, if its header says the same to it as to libvips.
pub(crate) fn find(format: SourceFormat, bytes: &[u8], header: &Image) -> Option<Codec> {
    let codec = of_format(format)?;
    let shape = (decoder(codec).takes)(bytes)?;
    let is_same = shape.width == header.width()
        && shape.height == header.height()
        && shape.bands == header.bands()
        && band_format(shape) == header.format()
        && matches!(
            header.interpretation(),
            Interpretation::Srgb | Interpretation::Grey | Interpretation::Rgb16
        );
    is_same.then_some(codec)
}

fn band_format(shape: Shape) -> BandFormat {
    if shape.depth == 2 { BandFormat::Ushort } else { BandFormat::Uchar }
}

/// Opens an original that a codec takes, for one pass from top to bottom. Returns `None` if the codec finds a fault in it at
/// once: what to make of that is left to libvips.
pub(crate) fn open(codec: Codec, source: &Source, load: &Load) -> Result<Option<Image>> {
    let rows = match (decoder(codec).open)(&source.bytes, load.shrink) {
        Ok(rows) => rows,
        Err(error) if error.is_out_of_memory() => return Err(of_codec(&error)),
        Err(_) => return Ok(None),
    };
    let header = &source.image;
    let shape = vips::Shape {
        width: load.size.width,
        height: load.size.height,
        bands: header.bands(),
        format: header.format(),
        interpretation: header.interpretation(),
    };
    Image::from_rows(header, shape, Box::new(Reader(rows))).map(Some).map_err(Error::of_pixels)
}

/// The error of a decoder as one of libvips: the original is broken, or memory ran out.
fn of_codec(error: &codecs::Error) -> Error {
    Error::of_pixels(vips::Error::of_decoder(error.is_out_of_memory(), error.to_string()))
}

/// Passes rows from a decoder to libvips.
struct Reader(Box<dyn Rows>);

impl vips::Rows for Reader {
    fn read(&mut self, rows: &mut [u8]) -> std::result::Result<(), String> {
        self.0.read(rows).map_err(|error| error.to_string())
    }
}
