//! How much memory decoders, steps and encoders hold: bytes a pixel, found by watching the peak of processes that render
//! once (`cargo xtask calibrate-cost`), and chosen so that hardly any render holds more.

use super::{Work, decode::DecodeSpec, header::Header, megapixels, steps::Pixels};
use crate::{format::OutputFormat, plan::encode::Encoding, size::Size, source::SourceFormat};

/// Any job: threads' buffers, pieces of the operations.
pub const JOB: f64 = 7e6;

/// A text: its font.
pub const TEXT: f64 = 8e6;

/// Bytes a byte of an SVG's text.
pub const SVG_TEXT: f64 = 20.0;

/// Bytes a pixel of what `image` decodes: its own, and libvips' copy.
pub const BITMAP: f64 = 8.0;

/// Bytes a pixel of what is laid on or under: a copy, and what is blended.
pub const OVERLAY: f64 = 8.0;

/// Bytes a pixel of a pass of tone: before and after, the light around.
pub const TONE: f64 = 10.0;

/// Bytes a pixel of a picture in which an interesting window is looked for.
pub const INTEREST: f64 = 6.0;

/// What looking for the most interesting window holds beside, when the picture can be transparent.
pub const INTEREST_ALPHA: f64 = 70e6;

/// Bytes a pixel of a canvas that is turned, when it can be transparent: floats before and after.
pub const ROTATE_ALPHA: f64 = 40.0;

/// Bytes a pixel of a row with colours multiplied by their opacity: floats of four bands.
pub const ALPHA: f64 = 16.0;

/// Bytes a pixel of pictures that are compared: both decoded, as floats; and of SSIMULACRA2, which blurs copies of both.
pub const COMPARE: f64 = 60.0;
pub const COMPARE_SSIMULACRA2: f64 = 160.0;

/// Rows that a pipeline from top to bottom holds of each step.
const ROWS: f64 = 600.0;

/// Rows of the width of a picture at work.
pub fn rows(work: &mut Work, width: u32, bytes: f64) {
    work.hold(ROWS * f64::from(width) * bytes);
}

/// What a decoder holds.
pub fn decoder(work: &mut Work, header: &Header, load: &DecodeSpec) {
    let stored = header.info.stored.pixels() as f64;
    let samples = stored * f64::from(header.pixel_bytes);
    let alpha = if header.info.alpha { ALPHA } else { 0.0 };
    rows(work, load.size.width, f64::from(header.pixel_bytes) + alpha);
    let held = match header.info.format {
        // coefficients of 16 bits, of colour mostly at half the resolution
        SourceFormat::Jpeg if header.passes > 1 => 1.5 * samples,
        SourceFormat::Png if header.passes > 1 => samples,
        SourceFormat::Jpeg | SourceFormat::Png | SourceFormat::Bmp | SourceFormat::Ico => 0.0,
        SourceFormat::Webp if header.info.frames > 1 => 12.0 * stored,
        SourceFormat::Webp | SourceFormat::Gif => 8.0 * stored,
        SourceFormat::Heif => 15.0 * stored,
        SourceFormat::Tiff => samples,
        SourceFormat::Svg => 4.0 * load.size.pixels() as f64 * (1.0 + header.svg.primitives.min(4.0)),
    };
    work.hold(held);
}

/// What an encoder holds of `area` megapixels of all frames.
pub fn encoder(work: &mut Work, output: Encoding, pixels: Pixels, area: f64) {
    // the picture, and its numbers in the palette twice
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

/// About how many bytes a frame of an answer has.
pub fn answer(output: Encoding, size: Size, bands: f64) -> f64 {
    let pixel = match output.format {
        OutputFormat::Png => 0.7 * bands,
        OutputFormat::Gif => 0.7,
        OutputFormat::Jpeg | OutputFormat::Webp | OutputFormat::Avif | OutputFormat::Mp4 => 0.3,
    };
    megapixels(size) * 1e6 * pixel
}
