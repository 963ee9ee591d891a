//! What the encoded bytes say of a picture's size, found without any decoder.
//!
//! A prediction is made where no C library may see untrusted bytes, hence this scan in safe Rust. Each format's reader
//! takes a bounded number of steps, whatever lengths and counts the bytes state, and allocates nothing by them. What it
//! cannot find is guessed from the number of bytes: a picture that lies about its size is refused by the decoder.

mod bitmap;
mod gif;
mod heif;
mod jpeg;
mod png;
pub mod svg;
mod tiff;
mod webp;

use self::svg::SvgComplexity;
use crate::{
    orientation::Orientation,
    settings::Limits,
    size::{Extent, Size},
    source::{
        Profile, SourceFormat, SourceInfo, Storage, Vector,
        colour_signalling::{self, ColourSignalling},
        sniff,
    },
};

/// What a prediction needs to know of an original.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// What a plan is made from. Smaller copies of the picture inside the file are not looked for, and a colour profile
    /// counts as foreign when it cannot be told: both make a prediction larger, never smaller.
    pub info: SourceInfo,
    /// Bytes of a pixel when it is decoded.
    pub pixel_bytes: u32,
    /// How often the decoder goes over the picture: scans of a progressive JPEG, passes of an interlaced PNG, else 1.
    pub passes: u32,
    /// Whether a WebP is stored without loss.
    pub lossless: bool,
    /// What an SVG draws.
    pub svg: SvgComplexity,
    /// Whether the size is a guess.
    pub is_guess: bool,
}

/// What a format's reader found.
#[derive(Debug, Clone, Copy)]
struct ScannedHeader {
    size: Size,
    frames: u32,
    orientation: Orientation,
    alpha: bool,
    storage: Storage,
    profile: Profile,
    pixel_bytes: u32,
    passes: u32,
    lossless: bool,
}

impl ScannedHeader {
    /// An upright opaque still in 8-bit sRGB.
    fn still(width: u32, height: u32) -> Self {
        Self {
            size: Size { width, height },
            frames: 1,
            orientation: Orientation::default(),
            alpha: false,
            storage: Storage::Direct,
            profile: Profile::Srgb,
            pixel_bytes: 3,
            passes: 1,
            lossless: false,
        }
    }

    /// With an alpha band or without.
    fn alpha(self, alpha: bool) -> Self {
        Self { alpha, pixel_bytes: if alpha { 4 } else { 3 }, ..self }
    }
}

/// Scans encoded bytes; none if they are of no format that is read.
pub fn scan(bytes: &[u8]) -> Option<Header> {
    scan_with_limits(bytes, &Limits::default())
}

/// The same, for an operator whose limits say how large a drawing is that states more than may be answered.
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
            let stated = svg::size(bytes).unwrap_or(DRAWING);
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

/// What the header of a picture says that we encode ourselves.
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
        profile: found.profile,
        plain: true,
        calibrated: false,
        metadata: true,
        reductions: Vec::new(),
        vector: None,
    };
    let ScannedHeader { pixel_bytes, passes, lossless, .. } = found;
    Header { info, pixel_bytes, passes, lossless, svg: SvgComplexity::default(), is_guess: false }
}

/// Pixels that a byte of a compressed photograph stands for, at the coarse end.
const PIXELS_PER_BYTE: f64 = 16.0;

/// Size of a drawing that states none; librsvg takes what is drawn.
const DRAWING: Extent = Extent { width: 1024.0, height: 1024.0 };

/// Something square that is rather too large than too small.
fn guess(format: SourceFormat, length: usize) -> ScannedHeader {
    let side = (length as f64 * PIXELS_PER_BYTE).sqrt().max(1.0) as u32;
    ScannedHeader::still(side, side).alpha(format != SourceFormat::Jpeg)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
