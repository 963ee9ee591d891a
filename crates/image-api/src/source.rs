//! What is known of an original from its header, before a pixel is decoded.

use serde::{Deserialize, Serialize};

use crate::{
    orientation::Orientation,
    settings::Limits,
    size::{Extent, Size},
};

pub use crate::format::SourceFormat;

/// What the header says.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub struct SourceInfo {
    /// The format of the bytes.
    pub format: SourceFormat,
    /// The size of a frame as it is stored.
    pub stored: Size,
    /// Frames, at least 1.
    pub frames: u32,
    /// What makes it upright.
    pub orientation: Orientation,
    /// Whether pixels can be transparent.
    pub alpha: bool,
    /// How colours are stored.
    pub storage: Storage,
    /// Quality of a JPEG, estimated from its quantisation tables.
    pub jpeg_quality: Option<u8>,
    /// Whether a JPEG stores colour at half the resolution both ways, or at full; none if it does neither, or has no colour.
    pub jpeg_halved: Option<bool>,
    /// The decoder beside libvips that takes it, if one does.
    pub codec: Option<Codec>,
    /// The colour profile.
    pub profile: Profile,
    /// Whether pixels are 8-bit sRGB or grey already.
    pub plain: bool,
    /// Whether a PNG says by gamma and primaries alone what its numbers mean: as a PNG it looks the same to those who read
    /// that and to those who do not only if it stays as it is.
    pub calibrated: bool,
    /// Whether it carries more than pixels and a colour profile: EXIF, XMP, IPTC, comments.
    pub metadata: bool,
    /// Smaller copies of the picture in the same file, from the largest to the smallest.
    pub thumbnails: Vec<EmbeddedThumbnail>,
    /// The size of a drawing, which has no pixels of its own; none for pictures that have.
    pub vector: Option<Vector>,
}

impl SourceInfo {
    /// An upright, opaque 8-bit sRGB picture of one frame without metadata.
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

    /// The size of a frame, in parts of pixels where it is a drawing's.
    pub fn extent(&self) -> Extent {
        self.vector.map_or(self.stored.into(), |vector| vector.natural)
    }
}

/// A decoder beside libvips' own, for the common images of one format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// libwebp: still WebP.
    Libwebp,
    /// dav1d: AVIF.
    Dav1d,
    /// The crate `png`, and libdeflate: PNG.
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

/// How an original stores the colours of its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Each pixel its own.
    Direct,
    /// As one of few: by a palette of a PNG, or as grey of fewer than 8 bits.
    Indexed,
}

/// What the colours of a picture need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Nothing says otherwise, or what says so is sRGB itself: nothing to convert.
    Srgb,
    /// Pixels must be converted by a profile: the embedded one, or one made from what the file signals.
    Foreign,
}

/// A smaller copy of the whole picture that a file carries beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedThumbnail {
    /// Its size.
    pub size: Size,
    /// Where it is in the file.
    pub location: Location,
}

/// Where a smaller copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// AVIF: the thumbnail of the primary picture.
    HeifThumbnail,
    /// TIFF: a page of its own, from 0.
    TiffPage(u32),
    /// TIFF: a level in the first page's list of further directories, from 0.
    TiffSubdirectory(u32),
}

/// Pixels that are drawn for one of a drawing that is distorted, at most.
const OVERDRAWN: f64 = 16.0;

/// Smallest side that is rounded to a pixel, with room for what is lost in computing it.
const LEAST_SIDE: f64 = 0.500_001;

/// Longest side of a drawing of which a part is drawn; what is larger is drawn at this size and enlarged.
const LONGEST_SIDE: f64 = 4e6;

/// The size of a drawing.
///
/// Its units are not pixels: a page of 21,000 units is no large picture until somebody asks for many pixels. A drawing
/// that states more than an answer may have counts as the largest of its shape that an answer may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vector {
    /// Its size in pixels, of which [`SourceInfo::stored`] is the nearest in whole ones.
    pub natural: Extent,
    /// What the size that is drawn at a scale of 1 is multiplied by to be `natural`; 1 unless it states more than may be
    /// answered, or less than half a pixel.
    pub unit: f64,
}

impl Vector {
    /// A drawing that states this size.
    pub fn of(stated: Extent, limits: &Limits) -> Self {
        let most = most_pixels(limits);
        let fits = |factor: f64| {
            let size = stated.scaled(factor).rounded();
            size.width.max(size.height) <= limits.max_side && size.pixels() <= most
        };
        let area = (most as f64 / (stated.width * stated.height)).sqrt();
        let side = f64::from(limits.max_side) / stated.width.max(stated.height);
        // rounding may still add a row or a column
        let largest = area.min(side);
        let unit = [1.0, largest, largest * 0.999, largest * 0.99].into_iter().find(|factor| fits(*factor));
        let unit = unit.unwrap_or(largest * 0.9);
        Self { natural: stated.scaled(unit), unit }
    }

    /// The same, where the text that is drawn states `factor` times the size.
    pub fn drawn_from(self, factor: f64) -> Self {
        Self { unit: self.unit / factor, ..self }
    }

    /// The largest factor on the stated size at which it has no more pixels than an answer may have.
    pub fn largest(&self, limits: &Limits) -> f64 {
        let stated = self.stated();
        (most_pixels(limits) as f64 / (stated.width * stated.height)).sqrt()
    }

    /// The size that it states.
    pub fn stated(&self) -> Extent {
        self.natural.scaled(1.0 / self.unit)
    }

    /// Its size when it is drawn at a factor on the stated size.
    pub fn drawn(&self, scale: f64) -> Size {
        self.natural.scaled(scale / self.unit).rounded()
    }

    /// The factor on the stated size at which the drawing has `target`, or covers it when its shape is another one. Sides
    /// are rounded to whole pixels, so that a range of factors gives the same size.
    pub fn scale(&self, part: Extent, target: Size) -> f64 {
        let (wide, high) = (f64::from(target.width), f64::from(target.height));
        let (horizontal, vertical) = (wide / part.width, high / part.height);
        let low = ((wide - 0.5) / part.width).max((high - 0.5) / part.height);
        let top = ((wide + 0.5) / part.width).min((high + 0.5) / part.height);
        let factor = if low >= top {
            // as sharp as the side that grows more, unless most of the pixels would be thrown away again
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
    fn units_are_no_pixels() {
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
            // what is longer is drawn smaller and enlarged
            prop_assume!(f64::from(target.width.max(target.height)) < LONGEST_SIDE);
            let drawn = stated.scaled(vector.scale(stated, target)).rounded();
            prop_assert!(drawn == target || (target.height == 1 && drawn.width >= target.width), "{drawn} {target}");
        }
    }
}
