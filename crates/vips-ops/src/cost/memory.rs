//! Memory held by decoders, steps and encoders, in bytes per pixel: measured as the peak of processes that render once
//! (`cargo xtask calibrate-cost`), and chosen so that hardly any render exceeds it.

use super::{
    header::Header,
    quantities::{DecodeSpec, Pixels},
    work::{Work, megapixels},
};
use crate::{
    format::OutputFormat,
    plan::{
        encode::Encoding,
        step::{Resampler, Resize},
    },
    size::Size,
    source::SourceFormat,
};

/// A text, in bytes: its font.
pub const TEXT: f64 = 8e6;

/// Bytes per byte of an SVG document.
pub const SVG_TEXT: f64 = 20.0;

/// Bytes per pixel decoded by the crate `image`: its buffer, and the copy in libvips.
pub const BITMAP: f64 = 8.0;

/// Bytes per pixel of an overlay or of the image under it: a copy, and the blended pixels.
pub const OVERLAY: f64 = 8.0;

/// Bytes per pixel of a tone pass: input, output and local luminance.
pub const TONE: f64 = 10.0;

/// Bytes per pixel of an image searched for its most interesting window.
pub const INTEREST: f64 = 6.0;

/// Additional bytes of that search if the image has alpha.
pub const INTEREST_ALPHA: f64 = 70e6;

/// Bytes per pixel of a rotated canvas with alpha: input and output as floats.
pub const ROTATE_ALPHA: f64 = 40.0;

/// Bytes per pixel of a row with premultiplied alpha: four bands of floats.
pub const ALPHA: f64 = 16.0;

/// Bytes per pixel of compared images: both decoded, as floats; more for SSIMULACRA2, which blurs copies of both.
pub const COMPARE: f64 = 60.0;
pub const COMPARE_SSIMULACRA2: f64 = 160.0;

/// Bytes of the largest PNG that the codec inflates as a whole.
const LARGEST_WHOLE_PNG: f64 = 16.0 * 1024.0 * 1024.0;

/// Rows that a streaming pipeline buffers per step.
const ROWS: f64 = 600.0;

/// Adds the row buffers of one step.
pub fn rows(work: &mut Work, width: u32, bytes: f64) {
    work.hold(ROWS * f64::from(width) * bytes);
}

/// Adds the memory of a decoder.
pub fn decoder(work: &mut Work, header: &Header, length: usize, load: &DecodeSpec) {
    let stored = header.info.stored.pixels() as f64;
    let samples = stored * f64::from(header.pixel_bytes);
    let alpha = if header.info.alpha { ALPHA } else { 0.0 };
    rows(work, load.size.width, f64::from(header.pixel_bytes) + alpha);
    let held = match header.info.format {
        // 16-bit coefficients, mostly with subsampled chroma
        SourceFormat::Jpeg if header.passes > 1 => 1.5 * samples,
        SourceFormat::Png if header.passes > 1 => samples,
        // filtered rows and the joined stream; larger images are inflated by rows
        SourceFormat::Png if load.by_codec => (samples + length as f64).min(2.0 * LARGEST_WHOLE_PNG),
        SourceFormat::Jpeg | SourceFormat::Png | SourceFormat::Bmp | SourceFormat::Ico => 0.0,
        SourceFormat::Webp if header.info.frames > 1 => 12.0 * stored,
        SourceFormat::Webp | SourceFormat::Gif => 8.0 * stored,
        SourceFormat::Heif => 15.0 * stored,
        SourceFormat::Tiff => samples,
        SourceFormat::Svg => 4.0 * load.size.pixels() as f64 * (1.0 + header.svg.primitives.min(4.0)),
    };
    work.hold(held);
}

/// Adds the memory of scaling a whole image: the image with its margins, and the image after the first direction.
pub fn whole(work: &mut Work, header: &Header, from: Size, resize: &Resize) {
    let taken = resize.by == Resampler::FastImageResize;
    let between = Size { height: resize.size.height, ..from };
    let pixels = resize.whole_pixels(from) + between.pixels() as f64;
    work.hold(if taken { f64::from(header.pixel_bytes) * pixels } else { 0.0 });
}

/// Adds the memory of encoding `area` megapixels, all frames together.
pub fn encoder(work: &mut Work, output: Encoding, pixels: Pixels, area: f64) {
    // the image, and its palette indices twice
    let counted = if output.palette { pixels.bands + 2.0 } else { 0.0 };
    let pixel = match output.format {
        OutputFormat::Jpeg => 4.0 * pixels.bands,
        OutputFormat::Png if output.interlace => 2.0 * pixels.bands + counted,
        OutputFormat::Png => counted,
        OutputFormat::Webp => 12.0,
        OutputFormat::Avif => 40.0,
        OutputFormat::Gif => 14.0,
        OutputFormat::Mp4 => 2.0,
    };
    work.hold(pixel * area * 1e6);
}

/// The approximate size in bytes of a frame of the output.
pub fn output_bytes(output: Encoding, size: Size, bands: f64) -> f64 {
    let pixel = match output.format {
        OutputFormat::Png => 0.7 * bands,
        OutputFormat::Gif => 0.7,
        OutputFormat::Jpeg | OutputFormat::Webp | OutputFormat::Avif | OutputFormat::Mp4 => 0.3,
    };
    megapixels(size) * 1e6 * pixel
}
