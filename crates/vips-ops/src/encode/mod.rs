//! Encoders: from finished pixels to the bytes of a file.

pub mod auto_quality;
mod carrier;
pub(crate) mod jpeg;
pub mod mp4;
mod png;
pub(crate) mod png_chunks;
mod png_palette;

use bytes::Bytes;
use vips::{Image, JpegScan, Keep, PngRows, Result, Subsample};

use crate::{
    embedded_metadata,
    format::OutputFormat,
    plan::encode::{Chroma, Encoding, Metadata},
};

/// From this JPEG quality on chroma is kept at full resolution (4:4:4), as libvips' own default does.
pub(crate) const FULL_COLOUR_QUALITY: u8 = 90;

/// Strength of error diffusion (dithering) in GIF, 0 (none) to 1.
const GIF_DITHER: f64 = 1.0;

/// Removes the loop count that libvips writes into a still: viewers treat a GIF with a loop count as an animation.
fn without_default_loop(image: &Image) -> Result<Image> {
    let is_still = image.page_height() == image.height();
    if is_still { image.edit(|edit| edit.set_int(c"loop", 1)) } else { Ok(image.clone()) }
}

/// Encodes a still image, or a stack of frames as an animation. For MP4 see [`mp4::VideoEncoder`].
pub fn encode(image: &Image, output: Encoding) -> Result<Bytes> {
    with_metadata(image, output, |keep| encode_keeping(image, output, keep))
}

/// Encodes, keeping what the encoder writes of the metadata, and adds what it does not.
fn with_metadata(
    image: &Image,
    output: Encoding,
    encode: impl FnOnce(Keep) -> Result<Bytes>,
) -> Result<Bytes> {
    let exif = output.metadata == Metadata::All && embedded_metadata::has_exif(image);
    let keep = match output.metadata {
        Metadata::All if exif && output.format == OutputFormat::Avif => Keep::All,
        Metadata::All => Keep::AllButExif,
        Metadata::Profile => Keep::Profile,
    };
    let encoded = encode(keep)?;
    Ok(if exif { embedded_metadata::with_exif(encoded, image, output.format) } else { encoded })
}

fn encode_keeping(image: &Image, output: Encoding, keep: Keep) -> Result<Bytes> {
    let subsample = match output.chroma {
        Chroma::Full => Subsample::Off,
        Chroma::ByQuality if output.quality >= FULL_COLOUR_QUALITY => Subsample::Off,
        Chroma::Halved | Chroma::ByQuality => Subsample::On,
    };
    match output.format {
        OutputFormat::Jpeg => {
            if let Some(encoded) = output.codec.and_then(|_| jpeg::encode(image, output, subsample, keep)) {
                return encoded;
            }
            let scan = if output.interlace { JpegScan::Progressive } else { JpegScan::Baseline };
            image.save_jpeg(output.quality, scan, subsample, keep)
        }
        OutputFormat::Png => {
            let rows = if output.interlace { PngRows::Interlaced } else { PngRows::Plain };
            let writer = png::Writer {
                is_libvips: output.codec.is_none(),
                compression: output.effort,
                is_slow: output.is_slow,
                rows,
                keep,
            };
            let encoded =
                if output.palette { png_palette::encode(image, writer) } else { writer.direct(image) };
            encoded.map(png_chunks::without_default_resolution)
        }
        OutputFormat::Webp if output.is_slow => image.save_webp_sharp(output.quality, output.effort, keep),
        OutputFormat::Webp => image.save_webp(output.quality, output.effort, keep),
        OutputFormat::Avif => image.save_avif(output.quality, output.effort, subsample, keep),
        OutputFormat::Gif => without_default_loop(image)?.save_gif(output.effort, GIF_DITHER, keep),
        OutputFormat::Mp4 => unreachable!("invariant: video is encoded frame by frame"),
    }
}
