//! The original: what its bytes say before a pixel is decoded.

mod bitmap;
mod boxes;
mod cicp;
pub(crate) mod directory;
mod drawing;
mod encoding;
pub(crate) mod heif;
pub mod icc;
pub(crate) mod icon;
pub mod jpeg;
mod preparation;
pub(crate) mod read;
pub mod reductions;
mod samples;
pub(crate) mod signal;
pub mod sniff;
mod tiff;

use std::ffi::CString;

use bytes::Bytes;
use vips::{Access, BandFormat, Image, Interpretation, Loader};

use self::preparation::Preparation;
use crate::{
    error::{Error, Result},
    orientation::Orientation,
    plan::within,
    settings::Limits,
    size::Size,
};
pub use icc::Profile;
pub use reductions::Reduction;
pub use sniff::SourceFormat;
use sniff::Unread;

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
    /// Bits of a palette index, when the picture has a palette.
    pub palette_bits: Option<u8>,
    /// Quality of a JPEG, estimated from its quantisation tables.
    pub jpeg_quality: Option<u8>,
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
    pub reductions: Vec<Reduction>,
}

/// An original with its header read.
pub struct Source {
    /// The encoded bytes.
    pub bytes: Bytes,
    /// What the header says.
    pub info: SourceInfo,
    /// The opened picture as it is stored, not decoded: still good for one pass from top to bottom. Without a loader: its
    /// pixels.
    pub(crate) image: Image,
    /// What makes usual pixels of stored ones.
    preparation: Preparation,
    /// The bounds that it was opened within.
    limits: Limits,
}

impl Source {
    /// Reads the header and checks it against the limits.
    pub fn open(bytes: &Bytes, limits: &Limits) -> Result<Self> {
        let format = sniff::sniff(bytes).ok_or_else(|| Error::unsupported(bytes))?;
        if let Some(stated) = sniff::stated_size(format, bytes) {
            check_pixels(stated, limits)?;
        }
        let image = match whole(format) {
            Some(loader) => Image::load(bytes, &loader, Access::Sequential).map_err(|error| {
                let too_wide = samples::are_too_wide(format, bytes);
                if too_wide { Error::Unsupported(Unread::Samples) } else { Error::of_pixels(error) }
            })?,
            None => bitmap::decode(format, bytes, limits)?,
        };
        let stored = Size { width: image.width(), height: image.height() };
        check_pixels(stored, limits)?;
        let (preparation, profile) = Preparation::of(format, bytes, &image)?;
        let calibrated = preparation.is_of_calibration();
        let prepared = preparation.apply(image.clone())?;
        let info = SourceInfo {
            format,
            stored,
            frames: image.int(c"n-pages").filter(|_| format.animates()).unwrap_or(1).max(1) as u32,
            orientation: Orientation::from_exif(image.int(c"orientation").unwrap_or(1)),
            alpha: prepared.has_alpha(),
            palette_bits: palette_bits(format, &image),
            jpeg_quality: (format == SourceFormat::Jpeg).then(|| jpeg::quality(bytes)).flatten(),
            profile,
            plain: is_plain(&image) && preparation.is_nothing(),
            calibrated,
            metadata: has_metadata(&image),
            reductions: reductions::find(format, bytes, &image),
        };
        Ok(Self { bytes: bytes.clone(), info, image, preparation, limits: limits.clone() })
    }

    /// Makes usual pixels of what a loader gives for this original.
    pub(crate) fn prepared(&self, image: Image) -> Result<Image> {
        self.preparation.apply(image)
    }

    /// Refuses a drawing that would take too long to draw at `scale` times its stated size, or too much memory: what it
    /// asks for is counted in its text. Pictures of pixels pass.
    pub(crate) fn check_drawing(&self, scale: f64) -> Result<()> {
        if self.info.format != SourceFormat::Svg {
            return Ok(());
        }
        drawing::check(&self.bytes, self.info.stored, scale, &self.limits)
    }

    /// Pixels that are decoded already, when the format is one that cannot be decoded piece by piece.
    pub(crate) fn pixels_in_memory(&self) -> u64 {
        if whole(self.info.format).is_some() { 0 } else { self.info.stored.pixels() }
    }
}

/// The loader of the first frame at its stored size; none for formats that libvips does not read.
pub(crate) fn whole(format: SourceFormat) -> Option<Loader> {
    Some(match format {
        SourceFormat::Jpeg => Loader::Jpeg { shrink: 1 },
        SourceFormat::Png => Loader::Png,
        SourceFormat::Webp => Loader::Webp { scale: 1.0, frames: 1 },
        SourceFormat::Gif => Loader::Gif { frames: 1 },
        SourceFormat::Heif => Loader::Heif { thumbnail: false },
        SourceFormat::Tiff => Loader::Tiff { page: 0, subifd: None },
        SourceFormat::Svg => Loader::Svg { scale: 1.0 },
        SourceFormat::Bmp | SourceFormat::Ico => return None,
    })
}

fn check_pixels(size: Size, limits: &Limits) -> Result<()> {
    within("the pixels of the original", size.pixels(), "limits.max_pixels allows", limits.max_pixels)
}

fn is_plain(image: &Image) -> bool {
    let known = matches!(image.interpretation(), Interpretation::Srgb | Interpretation::Grey);
    known && image.format() == BandFormat::Uchar
}

fn has_metadata(image: &Image) -> bool {
    let blocks = [c"exif-data", c"xmp-data", c"iptc-data", c"photoshop-data"];
    let is_comment = |name: CString| name.to_bytes().windows(7).any(|part| part == b"comment");
    blocks.iter().any(|name| image.has(name)) || image.fields().into_iter().any(is_comment)
}

fn palette_bits(format: SourceFormat, image: &Image) -> Option<u8> {
    let palette = format == SourceFormat::Png && image.int(c"palette").is_some_and(|on| on != 0);
    let grey = image.interpretation() == Interpretation::Grey;
    (palette && !grey).then(|| image.int(c"bits-per-sample").unwrap_or(8).clamp(1, 8) as u8)
}
