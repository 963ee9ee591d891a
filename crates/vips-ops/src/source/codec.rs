//! Decoders beside libvips: which one takes an original, and how its rows become an image of libvips.

use std::io::Write;

use bytes::{Buf, Bytes};
use codecs::{Decoder, Rows, Scaling, Shape};
use image_api::{
    plan::{load::Load, step::Resize},
    size::{Size, Span},
    source::SourceFormat,
};
use vips::{BandFormat, Deadline, Image, Interpretation};

use super::{Codec, DecodeStep, DecodedPixels, Provider, Sharing, Source};
use crate::error::{Error, Result};

/// Bytes of the rows that are decoded between two checks of the deadline, at least one row.
const STRIP_BYTES: usize = 64 << 10;

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
    let Some(rows) = rows(codec, source, load)? else { return Ok(None) };
    image(source, load, Box::new(Decoding(rows))).map(Some)
}

/// The same, with pixels that are shared with other renders where that is wanted and possible.
pub(crate) fn open_shared(
    codec: Codec,
    source: &Source,
    load: &Load,
    deadline: &Deadline,
) -> Result<Option<Image>> {
    match shared(source, load, deadline)? {
        Some(rows) => image(source, load, Box::new(Decoded(rows))).map(Some),
        None => open(codec, source, load),
    }
}

/// The decoded rows that are shared with other renders, where that is wanted and possible.
fn shared(source: &Source, load: &Load, deadline: &Deadline) -> Result<Option<Bytes>> {
    let decoded = match (&source.sharing, DecodeStep::of(load)) {
        (Sharing::Reuse(decoded), Some(step)) if decoded.step == step => Some(decoded.rows.clone()),
        (Sharing::Provide(provider), Some(step)) => provide(&**provider, step, source, load, deadline)?,
        _ => None,
    };
    let bytes = row_bytes(source, load) * load.size.height as usize;
    Ok(decoded.filter(|rows| rows.len() >= bytes))
}

/// Decodes everything and provides it to others. Returns `None` if that is not possible, also because the original is broken:
/// the render then finds that out as it would have without the others, and so do they.
fn provide(
    provider: &dyn Provider,
    step: DecodeStep,
    source: &Source,
    load: &Load,
    deadline: &Deadline,
) -> Result<Option<Bytes>> {
    let decoded =
        decode(provider, step.codec, source, load, deadline).inspect_err(|_| provider.publish(None))?;
    let decoded = decoded.map(|rows| DecodedPixels { step, rows });
    provider.publish(decoded.as_ref());
    Ok(decoded.map(|decoded| decoded.rows))
}

fn decode(
    provider: &dyn Provider,
    codec: Codec,
    source: &Source,
    load: &Load,
    deadline: &Deadline,
) -> Result<Option<Bytes>> {
    let row = row_bytes(source, load);
    let mut left = row * load.size.height as usize;
    let Some(mut store) = provider.store(left) else { return Ok(None) };
    let Some(mut rows) = rows(codec, source, load)? else { return Ok(None) };
    let mut strip = vec![0; (STRIP_BYTES / row).max(1) * row];
    while left > 0 {
        if deadline.passed() {
            return Err(Error::Deadline);
        }
        let strip = &mut strip[..left.min((STRIP_BYTES / row).max(1) * row)];
        if rows.read(strip).is_err() || store.write_all(strip).is_err() {
            return Ok(None);
        }
        left -= strip.len();
    }
    Ok(store.finish().ok())
}

/// Bytes of a decoded row.
fn row_bytes(source: &Source, load: &Load) -> usize {
    let header = &source.image;
    let depth = if header.format() == BandFormat::Ushort { 2 } else { 1 };
    load.size.width as usize * header.bands() as usize * depth
}

/// The rows of a codec. Returns `None` if it finds a fault in the original at once.
fn rows(codec: Codec, source: &Source, load: &Load) -> Result<Option<Box<dyn Rows>>> {
    match (decoder(codec).open)(&source.bytes, load.shrink) {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if error.is_out_of_memory() => Err(of_codec(&error)),
        Err(_) => Ok(None),
    }
}

/// The image with these rows.
fn image(source: &Source, load: &Load, rows: Box<dyn vips::Rows>) -> Result<Image> {
    let header = &source.image;
    let shape = vips::Shape {
        width: load.size.width,
        height: load.size.height,
        bands: header.bands(),
        format: header.format(),
        interpretation: header.interpretation(),
    };
    Image::from_rows(header, shape, rows).map_err(Error::of_pixels)
}

/// An original of 8 bits that a codec takes, scaled down; decoded pixels are shared as by [`open_shared`]. Returns `None` if the
/// codec finds a fault in it: what to make of that is left to libvips.
pub(crate) fn scaled(
    codec: Codec,
    source: &Source,
    load: &Load,
    resize: &Resize,
    deadline: &Deadline,
) -> Result<Option<Image>> {
    let Size { width, height } = load.size;
    let whole = Span { left: 0.0, top: 0.0, width: width.into(), height: height.into() };
    let part = resize.from.unwrap_or(whole);
    let to = (resize.size.width, resize.size.height);
    let scaling = Scaling { left: part.left, top: part.top, width: part.width, height: part.height, to };
    let shape = Shape { width, height, bands: source.image.bands(), depth: 1 };
    let made = match shared(source, load, deadline)? {
        Some(rows) => codecs::scale_rows(&rows, shape, scaling),
        None => codecs::scale(decoder(codec), &source.bytes, load.shrink, shape, scaling),
    };
    match made {
        Ok(pixels) => source.image.with_pixels(&pixels, to.0, to.1).map(Some).map_err(Error::of_pixels),
        Err(error) if error.is_out_of_memory() => Err(of_codec(&error)),
        Err(_) => Ok(None),
    }
}

/// The error of a decoder as one of libvips: the original is broken, or memory ran out.
fn of_codec(error: &codecs::Error) -> Error {
    Error::of_pixels(vips::Error::of_decoder(error.is_out_of_memory(), error.to_string()))
}

/// Passes rows from a decoder to libvips.
struct Decoding(Box<dyn Rows>);

impl vips::Rows for Decoding {
    fn read(&mut self, rows: &mut [u8]) -> std::result::Result<(), String> {
        self.0.read(rows).map_err(|error| error.to_string())
    }
}

/// Passes decoded rows to libvips.
struct Decoded(Bytes);

impl vips::Rows for Decoded {
    fn read(&mut self, rows: &mut [u8]) -> std::result::Result<(), String> {
        self.0.try_copy_to_slice(rows).map_err(|error| error.to_string())
    }
}
