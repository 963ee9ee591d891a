//! Properties of an original, read from its header before a pixel is decoded.

use serde::{Deserialize, Serialize};

use crate::{
    orientation::Orientation,
    settings::Limits,
    size::{Extent, Size},
};

pub use crate::format::SourceFormat;

/// The properties of an original.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub struct SourceInfo {
    /// The format of the bytes.
    pub format: SourceFormat,
    /// The size of a frame as stored.
    pub stored: Size,
    /// Number of frames, at least 1.
    pub frames: u32,
    /// The EXIF orientation.
    pub orientation: Orientation,
    /// Whether there is an alpha channel.
    pub alpha: bool,
    /// How colours are stored.
    pub storage: Storage,
    /// Quality of a JPEG, estimated from its quantisation tables.
    pub jpeg_quality: Option<u8>,
    /// Whether the chroma of a JPEG is subsampled 4:2:0 (`true`) or not (`false`); `None` for other layouts and for
    /// greyscale.
    pub jpeg_halved: Option<bool>,
    /// The decoder beside libvips that takes it, if one does.
    pub codec: Option<Codec>,
    /// The colour profile.
    pub profile: Profile,
    /// Whether pixels are 8-bit sRGB or grey already.
    pub plain: bool,
    /// Whether the colours of a PNG are defined by `gAMA` and `cHRM` only: such a PNG is passed through where possible,
    /// since only some programs support these chunks.
    pub calibrated: bool,
    /// Whether there is metadata besides a colour profile: EXIF, XMP, IPTC, comments.
    pub metadata: bool,
    /// Embedded smaller copies of the image, from the largest to the smallest.
    pub thumbnails: Vec<EmbeddedThumbnail>,
    /// The size of an SVG; `None` for raster images.
    pub vector: Option<Vector>,
}

impl SourceInfo {
    /// An upright, opaque 8-bit sRGB image of one frame without metadata.
    pub fn raster(format: SourceFormat, stored: Size) -> Self {
        Self {
            format,
            stored,
            frames: 1,
            orientation: Orientation::default(),
            alpha: false,
            storage: Storage::Direct,
            jpeg_quality: None,
            jpeg_halved: None,
            codec: None,
            profile: Profile::Srgb,
            plain: true,
            calibrated: false,
            metadata: false,
            thumbnails: Vec::new(),
            vector: None,
        }
    }

    /// The size of a frame; fractional for an SVG.
    pub fn extent(&self) -> Extent {
        self.vector.map_or(self.stored.into(), |vector| vector.natural)
    }
}

/// A decoder beside libvips' own, for the common images of one format; some encode as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// libwebp: still WebP.
    Libwebp,
    /// dav1d: AVIF.
    Dav1d,
    /// libdeflate, and fdeflate for large images: PNG.
    Png,
    /// libjpeg-turbo: JPEG.
    LibjpegTurbo,
}

impl Codec {
    /// Every codec.
    pub const ALL: [Self; 4] = [Self::Libwebp, Self::Dav1d, Self::Png, Self::LibjpegTurbo];

    /// The name in configuration, plans and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Libwebp => "libwebp",
            Self::Dav1d => "dav1d",
            Self::Png => "png",
            Self::LibjpegTurbo => "libjpeg_turbo",
        }
    }
}

/// How colours are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Each pixel stores its colour.
    Direct,
    /// By a palette, or as greyscale of fewer than 8 bits (PNG).
    Indexed,
}

/// The colour conversion that an image needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// None: the image is sRGB, or signals no colour space.
    Srgb,
    /// Conversion by a profile: the embedded one, or one generated from the signalled colour space.
    Foreign,
}

/// An embedded smaller copy of the whole image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedThumbnail {
    /// Its size.
    pub size: Size,
    /// Its location in the file.
    pub location: Location,
}

/// The location of an embedded copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// AVIF: the thumbnail of the primary image.
    HeifThumbnail,
    /// TIFF: a page, from 0.
    TiffPage(u32),
    /// TIFF: a `SubIFD` of the first page, from 0.
    TiffSubdirectory(u32),
}

/// Most rendered pixels per output pixel when an SVG is distorted.
const OVERDRAWN: f64 = 16.0;

/// Smallest fraction of a pixel that is rounded up to a pixel, with a margin for floating-point errors.
const LEAST_SIDE: f64 = 0.500_001;

/// Longest side at which a part of an SVG is rendered; larger ones are rendered at this size and upscaled.
const LONGEST_SIDE: f64 = 4e6;

/// The size of an SVG.
///
/// User units are not pixels: a page of 21,000 units is not a large image unless many pixels are requested. An SVG that
/// states more pixels than the output may have is treated as the largest allowed size with its aspect ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vector {
    /// Its size in pixels; [`SourceInfo::stored`] is the same rounded.
    pub natural: Extent,
    /// The factor from the size rendered at a scale of 1 to `natural`: 1 unless the stated size exceeds the output
    /// limits or is below half a pixel.
    pub unit: f64,
}

impl Vector {
    /// The size of an SVG that states this size.
    pub fn of(stated: Extent, limits: &Limits) -> Self {
        let most = most_pixels(limits);
        let fits = |factor: f64| {
            let size = stated.scaled(factor).rounded();
            size.width.max(size.height) <= limits.max_side && size.pixels() <= most
        };
        let area = (most as f64 / (stated.width * stated.height)).sqrt();
        let side = f64::from(limits.max_side) / stated.width.max(stated.height);
        // rounding may add a row or a column
        let largest = area.min(side);
        let unit = [1.0, largest, largest * 0.999, largest * 0.99].into_iter().find(|factor| fits(*factor));
        let unit = unit.unwrap_or(largest * 0.9);
        Self { natural: stated.scaled(unit), unit }
    }

    /// As [`Self::of`], for a rendered document that states `factor` times this size.
    pub fn drawn_from(self, factor: f64) -> Self {
        Self { unit: self.unit / factor, ..self }
    }

    /// The largest factor on the stated size that keeps within the limit on output pixels.
    pub fn largest(&self, limits: &Limits) -> f64 {
        let stated = self.stated();
        (most_pixels(limits) as f64 / (stated.width * stated.height)).sqrt()
    }

    /// The size that the document states.
    pub fn stated(&self) -> Extent {
        self.natural.scaled(1.0 / self.unit)
    }

    /// Its size when rendered at a factor on the stated size.
    pub fn drawn(&self, scale: f64) -> Size {
        self.natural.scaled(scale / self.unit).rounded()
    }

    /// The factor on the stated size at which the SVG has size `target`, or covers it for another aspect ratio. Sides
    /// are rounded to whole pixels, so a range of factors gives the same size.
    pub fn scale(&self, part: Extent, target: Size) -> f64 {
        let (wide, high) = (f64::from(target.width), f64::from(target.height));
        let (horizontal, vertical) = (wide / part.width, high / part.height);
        let low = ((wide - 0.5) / part.width).max((high - 0.5) / part.height);
        let top = ((wide + 0.5) / part.width).min((high + 0.5) / part.height);
        let factor = if low >= top {
            // the larger of the two factors, unless most rendered pixels would be discarded by downscaling
            let sharp = horizontal.max(vertical).min((horizontal * vertical * OVERDRAWN).sqrt());
            sharp.max(LEAST_SIDE / part.width.min(part.height))
        } else {
            let within = |factor: &f64| (low..top).contains(factor);
            [horizontal, vertical].into_iter().find(within).unwrap_or(f64::midpoint(low, top))
        };
        let longest = LONGEST_SIDE / self.natural.width.max(self.natural.height);
        factor.min(longest) * self.unit
    }
}

fn most_pixels(limits: &Limits) -> u64 {
    limits.max_output_pixels.min(limits.max_pixels)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn user_units_are_not_pixels() {
        let limits = Limits::default();
        for (width, height) in [(15.75, 18.0), (1.0, 0.5), (12_000.0, 3000.0), (3333.0, 12_000.0)] {
            let vector = Vector::of(Extent { width, height }, &limits);
            assert_eq!((vector.natural, vector.unit), (Extent { width, height }, 1.0));
        }
        for (width, height) in [(21_000.0, 29_700.0), (1e9, 0.7), (3.0, 4e8), (20_000.0, 20_000.0)] {
            let stated = Extent { width, height };
            let vector = Vector::of(stated, &limits);
            let size = vector.natural.rounded();
            assert!(vector.unit < 1.0 && size.pixels() <= limits.max_output_pixels, "{size}");
            let long = size.width.max(size.height);
            assert!(long <= limits.max_side && (long > 11_000 || size.pixels() > 39_000_000), "{size}");
        }
    }

    proptest! {
        #[test]
        fn the_scale_gives_the_size_of_one_side(
            width in 0.5..3000.0f64, height in 0.5..3000.0f64, asked in 1..2000u32,
        ) {
            let stated = Extent { width, height };
            let vector = Vector { natural: stated, unit: 1.0 };
            let target = Size { width: asked, height: 0 };
            let target = Size { height: stated.scaled(f64::from(asked) / width).rounded().height, ..target };
            // longer sides are rendered smaller and upscaled
            prop_assume!(f64::from(target.width.max(target.height)) < LONGEST_SIDE);
            let drawn = stated.scaled(vector.scale(stated, target)).rounded();
            prop_assert!(drawn == target || (target.height == 1 && drawn.width >= target.width), "{drawn} {target}");
        }
    }
}
