//! Encoding: typed savers to memory.

use bytes::Bytes;
use libvips_rs::bindings as ffi;

use crate::{error::Result, image::Image, operation::Operation};

/// Which metadata a saver writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Everything.
    All,
    /// Everything except EXIF, which libvips would write even if the image has none.
    AllButExif,
    /// Only the ICC profile.
    Profile,
    /// Nothing.
    Nothing,
}

impl Keep {
    fn flags(self) -> i32 {
        (match self {
            Self::All => ffi::VipsForeignKeep_VIPS_FOREIGN_KEEP_ALL,
            Self::AllButExif => {
                ffi::VipsForeignKeep_VIPS_FOREIGN_KEEP_ALL & !ffi::VipsForeignKeep_VIPS_FOREIGN_KEEP_EXIF
            }
            Self::Profile => ffi::VipsForeignKeep_VIPS_FOREIGN_KEEP_ICC,
            Self::Nothing => ffi::VipsForeignKeep_VIPS_FOREIGN_KEEP_NONE,
        }) as i32
    }
}

/// Chroma subsampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subsample {
    /// Always: 4:2:0.
    On,
    /// Never: 4:4:4.
    Off,
}

impl Subsample {
    fn code(self) -> i32 {
        (match self {
            Self::On => ffi::VipsForeignSubsample_VIPS_FOREIGN_SUBSAMPLE_ON,
            Self::Off => ffi::VipsForeignSubsample_VIPS_FOREIGN_SUBSAMPLE_OFF,
        }) as i32
    }
}

impl Image {
    /// Encodes as JPEG. `quality` is 1 to 100.
    pub fn save_jpeg(&self, quality: u8, scan: JpegScan, subsample: Subsample, keep: Keep) -> Result<Bytes> {
        self.save(
            Operation::new(c"jpegsave_buffer")
                .int(c"Q", quality.into())
                .bool(c"interlace", scan == JpegScan::Progressive)
                .bool(c"optimize_coding", true)
                .int(c"subsample_mode", subsample.code()),
            keep,
        )
    }

    /// Encodes as PNG. `compression` is 0 to 9.
    pub fn save_png(&self, compression: u8, rows: PngRows, palette: Palette, keep: Keep) -> Result<Bytes> {
        let mut operation = Operation::new(c"pngsave_buffer")
            .int(c"compression", compression.into())
            .bool(c"interlace", rows == PngRows::Interlaced)
            .int(c"filter", ffi::VipsForeignPngFilter_VIPS_FOREIGN_PNG_FILTER_SUB as i32);
        if let Palette::Indexed { bits } = palette {
            operation = operation.bool(c"palette", true).int(c"bitdepth", bits.into());
        }
        self.save(operation, keep)
    }

    /// Encodes one band as a greyscale PNG of `bits` bits per pixel: 1, 2, 4 or 8. Values are levels of that depth and
    /// must fit. Rows are not filtered, and no metadata is written.
    pub fn save_png_bits(&self, compression: u8, rows: PngRows, bits: u8) -> Result<Bytes> {
        let operation = Operation::new(c"pngsave_buffer")
            .int(c"compression", compression.into())
            .bool(c"interlace", rows == PngRows::Interlaced)
            .int(c"filter", ffi::VipsForeignPngFilter_VIPS_FOREIGN_PNG_FILTER_NONE as i32)
            .int(c"bitdepth", bits.into());
        self.save(operation, Keep::Nothing)
    }

    /// Encodes as WebP, animated if the image is a stack of frames. `quality` is 1 to 100, `effort` 0 to 6.
    pub fn save_webp(&self, quality: u8, effort: u8, keep: Keep) -> Result<Bytes> {
        self.save(webp(quality, effort), keep)
    }

    /// As [`Image::save_webp`], with chroma that is computed so that upsampling it again comes close to the pixels (sharp YUV),
    /// which takes longer.
    pub fn save_webp_sharp(&self, quality: u8, effort: u8, keep: Keep) -> Result<Bytes> {
        self.save(webp(quality, effort).bool(c"smart_subsample", true), keep)
    }

    /// Encodes as AVIF. `quality` is 1 to 100, `effort` 0 to 9.
    pub fn save_avif(&self, quality: u8, effort: u8, subsample: Subsample, keep: Keep) -> Result<Bytes> {
        self.save(
            Operation::new(c"heifsave_buffer")
                .int(c"Q", quality.into())
                .int(c"effort", effort.into())
                .int(c"compression", ffi::VipsForeignHeifCompression_VIPS_FOREIGN_HEIF_COMPRESSION_AV1 as i32)
                .int(c"bitdepth", 8)
                .int(c"subsample_mode", subsample.code()),
            keep,
        )
    }

    /// Encodes as GIF, animated if the image is a stack of frames. `effort` is 1 to 10, `dither` 0 to 1.
    pub fn save_gif(&self, effort: u8, dither: f64, keep: Keep) -> Result<Bytes> {
        let operation =
            Operation::new(c"gifsave_buffer").int(c"effort", effort.into()).double(c"dither", dither);
        self.save(operation, keep)
    }

    fn save(&self, operation: Operation, keep: Keep) -> Result<Bytes> {
        operation.image(c"in", self).int(c"keep", keep.flags()).build()?.bytes(c"buffer")
    }
}

fn webp(quality: u8, effort: u8) -> Operation {
    Operation::new(c"webpsave_buffer").int(c"Q", quality.into()).int(c"effort", effort.into())
}

/// The order in which a JPEG stores its coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JpegScan {
    /// Sequential: one scan.
    Baseline,
    /// Progressive: scans of increasing detail.
    Progressive,
}

/// The order in which a PNG stores its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PngRows {
    /// From top to bottom.
    Plain,
    /// Interlaced (Adam7): passes of increasing detail.
    Interlaced,
}

/// How a PNG stores colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// Truecolour or greyscale: each pixel stores its colour.
    Direct,
    /// Indexed colour: a palette of at most 2^`bits` colours, quantised.
    Indexed {
        /// 1, 2, 4 or 8.
        bits: u8,
    },
}
