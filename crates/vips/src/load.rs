//! Decoding: typed loaders for bytes in memory.

use bytes::Bytes;
use libvips_rs::bindings as ffi;

use crate::{error::Result, image::Image, operation::Operation, source::Source, value::Value};

/// Valid values of `scale` and `dpi` of libvips' SVG loader.
const SVG_SCALES: std::ops::RangeInclusive<f64> = 0.001..=100_000.0;

/// Dots per inch at which libvips renders an SVG at its stated size.
const SVG_DPI: f64 = 72.0;

/// The order in which pixels are requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// From top to bottom, once: the decoder streams.
    Sequential,
    /// In any order, any number of times: the whole image is first decoded into memory, never into a temporary file.
    Random,
}

/// A decoder with its options.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loader {
    /// JPEG, downscaled by 1, 2, 4 or 8 while decoding (shrink-on-load).
    Jpeg {
        /// The divisor.
        shrink: u8,
    },
    /// PNG.
    Png,
    /// WebP, scaled while decoding.
    Webp {
        /// The factor; 1 is the stored size.
        scale: f64,
        /// Frames to load, from the first; they are stacked from top to bottom.
        frames: u32,
    },
    /// GIF.
    Gif {
        /// Frames to load, from the first; they are stacked from top to bottom.
        frames: u32,
    },
    /// AVIF (and other codecs in a HEIF container, as far as libvips supports them).
    Heif {
        /// Loads the embedded thumbnail instead of the image.
        thumbnail: bool,
    },
    /// TIFF.
    Tiff {
        /// The page, from 0.
        page: u32,
        /// A `SubIFD` of that page, from 0; `None` for the page itself.
        subifd: Option<u32>,
    },
    /// SVG, rendered to pixels.
    Svg {
        /// The factor on the stated size.
        scale: f64,
        /// Lifts the limits of the XML parser on document size (10 MB), nesting depth and entities.
        unlimited: bool,
    },
}

impl Loader {
    fn operation(&self) -> Operation {
        match *self {
            Self::Jpeg { shrink } => Operation::new(c"jpegload_source").int(c"shrink", shrink.into()),
            Self::Png => Operation::new(c"pngload_source"),
            Self::Webp { scale, frames } => {
                let operation = Operation::new(c"webpload_source").int(c"n", frames as i32);
                // without the option the decoder's rescaler is not used
                if (scale - 1.0).abs() > f64::EPSILON { operation.double(c"scale", scale) } else { operation }
            }
            Self::Gif { frames } => Operation::new(c"gifload_source").int(c"n", frames as i32),
            Self::Heif { thumbnail } => Operation::new(c"heifload_source").bool(c"thumbnail", thumbnail),
            Self::Tiff { page, subifd } => {
                // -1 is libvips' "the page itself"
                let level = subifd.map_or(-1, |level| level as i32);
                Operation::new(c"tiffload_source").int(c"page", page as i32).int(c"subifd", level)
            }
            Self::Svg { scale, unlimited } => {
                // the part of the scale outside of the range of one option is set by the other
                let stated = scale.clamp(*SVG_SCALES.start(), *SVG_SCALES.end());
                let dpi = (SVG_DPI * scale / stated).clamp(*SVG_SCALES.start(), *SVG_SCALES.end());
                Operation::new(c"svgload_source")
                    .double(c"scale", stated)
                    .double(c"dpi", dpi)
                    .bool(c"unlimited", unlimited)
            }
        }
    }
}

impl Image {
    /// Opens encoded bytes: reads the header now, and pixels on demand.
    ///
    /// # Errors
    ///
    /// For a truncated or broken image, either here or when its pixels are computed.
    pub fn load(bytes: &Bytes, loader: &Loader, access: Access) -> Result<Self> {
        let source = Source::from_bytes(bytes)?;
        // without `memory` libvips decodes images above 100 MB into a temporary file
        let (access, memory) = match access {
            Access::Sequential => (ffi::VipsAccess_VIPS_ACCESS_SEQUENTIAL, false),
            Access::Random => (ffi::VipsAccess_VIPS_ACCESS_RANDOM, true),
        };
        loader
            .operation()
            .with(c"source", Value::Source(&source))
            .int(c"access", access as i32)
            .bool(c"memory", memory)
            .int(c"fail_on", ffi::VipsFailOn_VIPS_FAIL_ON_ERROR as i32)
            .out()
    }
}
