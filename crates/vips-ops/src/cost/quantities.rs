//! Quantities that the cost models of decoders, steps and encoders share.

use super::header::Header;
use crate::size::Size;

/// How much of an original is decoded, and how.
#[derive(Debug, Clone, Copy)]
pub struct DecodeSpec {
    /// JPEG: the divisor of shrink-on-load, 1, 2, 4 or 8.
    pub shrink: u8,
    /// The size in pixels after scaling by the decoder.
    pub size: Size,
    /// Number of frames, from the first.
    pub frames: u32,
    /// Fraction of its rows that is read, from the top: 0 to 1.
    pub rows: f64,
    /// Whether a decoder beside libvips does it.
    pub by_codec: bool,
    /// SVG: scale relative to the document's own size, of which `size` is rendered.
    pub scale: f64,
}

impl DecodeSpec {
    /// The first frame at full size.
    pub fn whole(header: &Header) -> Self {
        Self { shrink: 1, size: header.info.stored, frames: 1, rows: 1.0, by_codec: false, scale: 1.0 }
    }
}

/// The pixels after the steps.
#[derive(Debug, Clone, Copy)]
pub struct Pixels {
    /// Number of bands.
    pub bands: f64,
    /// Whether there is an alpha channel.
    pub alpha: bool,
}
