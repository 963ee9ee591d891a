//! Scans the headers of encoded images without a decoder.
//!
//! Predictions are made where no C library may see untrusted bytes, hence this scan in safe Rust. The scanner of each
//! format takes a bounded number of steps and allocates nothing, whatever lengths and counts the bytes state. A size
//! that is not found is estimated from the number of bytes; the decoder refuses a file whose stated size is wrong.

mod bitmap;
mod gif;
mod heif;
mod jpeg;
mod png;
mod scanned;
pub mod svg;
mod tiff;
mod webp;

use self::scanned::ScannedHeader;
use self::svg::SvgComplexity;
use crate::{
    settings::Limits,
    size::{Extent, Size},
    source::{
        Profile, SourceFormat, SourceInfo, Vector,
        colour_signalling::{self, ColourSignalling},
        sniff,
    },
};

/// The properties of an original that a prediction needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The input of the planner. Embedded thumbnails are not searched for, and an unidentified profile counts as
    /// foreign: both make a prediction higher, never lower.
    pub info: SourceInfo,
    /// Bytes per decoded pixel.
    pub pixel_bytes: u32,
    /// Passes of the decoder over the image: scans of a progressive JPEG, passes of an interlaced PNG, else 1.
    pub passes: u32,
    /// Whether a WebP is lossless.
    pub lossless: bool,
    /// The rendering complexity of an SVG.
    pub svg: SvgComplexity,
    /// Whether the size is an estimate.
    pub is_guess: bool,
}

impl Header {
    /// Bands of a decoded image after conversion to 8-bit sRGB or greyscale.
    pub fn bands(&self) -> f64 {
        match (self.pixel_bytes, self.info.alpha) {
            (1, false) => 1.0,
            (_, false) => 3.0,
            (_, true) => 4.0,
        }
    }
}

/// Scans encoded bytes. Returns `None` for an unsupported format.
pub fn scan(bytes: &[u8]) -> Option<Header> {
    scan_with_limits(bytes, &Limits::default())
}

/// As [`scan`], with the operator's limits, which bound the size of an SVG that states more than the output may have.
pub fn scan_with_limits(bytes: &[u8], limits: &Limits) -> Option<Header> {
    let format = sniff::sniff(bytes)?;
    let mut vector = None;
    let mut svg_complexity = SvgComplexity::default();
    let found = match format {
        SourceFormat::Jpeg => jpeg::scan(bytes),
        SourceFormat::Png => png::scan(bytes),
        SourceFormat::Webp => webp::scan(bytes),
        SourceFormat::Gif => gif::scan(bytes),
        SourceFormat::Heif => heif::scan(bytes),
        SourceFormat::Tiff => tiff::scan(bytes),
        SourceFormat::Bmp => bitmap::bmp(bytes),
        SourceFormat::Ico => bitmap::ico(bytes),
        SourceFormat::Svg => {
            svg_complexity = svg::complexity(bytes);
            let stated = svg::size(bytes).unwrap_or(UNSIZED_SVG);
            let drawn = Vector::of(stated, limits);
            vector = Some(drawn);
            let size = drawn.natural.rounded();
            Some(ScannedHeader::still(size.width, size.height).alpha(true))
        }
    };
    let found = found.filter(|found| found.size.width > 0 && found.size.height > 0);
    let is_guess = found.is_none() || (format == SourceFormat::Svg && svg::size(bytes).is_none());
    let mut found = found.unwrap_or_else(|| guess(format, bytes.len()));
    let signal = colour_signalling::detect(format, bytes);
    match signal {
        ColourSignalling::None => {}
        ColourSignalling::Srgb => found.profile = Profile::Srgb,
        ColourSignalling::Encoded(_) | ColourSignalling::Calibrated(_) => found.profile = Profile::Foreign,
    }
    let calibrated = matches!(signal, ColourSignalling::Calibrated(_));
    let quality = (format == SourceFormat::Jpeg).then(|| jpeg::quality(bytes)).flatten();
    let header = header(format, found, quality);
    let info = SourceInfo { calibrated, vector, ..header.info };
    Some(Header { info, svg: svg_complexity, is_guess, ..header })
}

/// The header of an output file.
pub(super) fn of_output(format: SourceFormat, size: Size, frames: u32, alpha: bool) -> Header {
    let found = ScannedHeader { frames, ..ScannedHeader::still(size.width, size.height).alpha(alpha) };
    header(format, found, None)
}

fn header(format: SourceFormat, found: ScannedHeader, jpeg_quality: Option<u8>) -> Header {
    let info = SourceInfo {
        format,
        stored: found.size,
        frames: found.frames.max(1),
        orientation: found.orientation,
        alpha: found.alpha,
        storage: found.storage,
        jpeg_quality,
        jpeg_halved: None,
        codec: found.codec,
        profile: found.profile,
        plain: true,
        calibrated: false,
        metadata: true,
        thumbnails: Vec::new(),
        vector: None,
    };
    let ScannedHeader { pixel_bytes, passes, lossless, .. } = found;
    Header { info, pixel_bytes, passes, lossless, svg: SvgComplexity::default(), is_guess: false }
}

/// Pixels per byte of a strongly compressed photograph.
const PIXELS_PER_BYTE: f64 = 16.0;

/// Assumed size of an SVG that states none; librsvg measures what it renders.
const UNSIZED_SVG: Extent = Extent { width: 1024.0, height: 1024.0 };

/// A square image, estimated rather too large than too small.
fn guess(format: SourceFormat, length: usize) -> ScannedHeader {
    let side = (length as f64 * PIXELS_PER_BYTE).sqrt().max(1.0) as u32;
    ScannedHeader::still(side, side).alpha(format != SourceFormat::Jpeg)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
