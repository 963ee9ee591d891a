//! Selects what scales an image: libvips in a stream, or `fast_image_resize` on the whole decoded image.

use super::{
    load::Load,
    pipeline::Placed,
    step::{Resampler, Resize},
};
use crate::{settings::Settings, size::Size, source::SourceInfo};

/// Most bytes of pixels that are held to be scaled, margins included.
const LARGEST_WHOLE: f64 = (16 << 20) as f64;

/// Bytes per pixel, of RGB and with alpha.
const BYTES: f64 = 3.0;
const BYTES_WITH_ALPHA: f64 = 4.0;

/// Neighbours on each side that the filter weighs, in pixels of the result: the lobes of Lanczos3.
const LOBES: f64 = 3.0;

impl Resize {
    /// Pixels held to scale an image of this size as a whole: the image, with margins as wide as the filter reaches.
    pub fn whole_pixels(&self, image: Size) -> f64 {
        let margins = |to: u32| 1.0 + 2.0 * LOBES / f64::from(to.max(1));
        image.pixels() as f64 * margins(self.size.width) * margins(self.size.height)
    }
}

/// Chooses what scales.
pub(super) fn resampler(
    resize: Resize,
    placed: &Placed,
    load: &Load,
    info: &SourceInfo,
    settings: &Settings,
) -> Resampler {
    let (from, to) = (placed.decoded, resize.size);
    let is_whole = placed.extract == from.rect();
    let is_smaller = to.width <= from.width && to.height <= from.height;
    let bytes = if info.alpha { BYTES_WITH_ALPHA } else { BYTES };
    let fits = bytes * resize.whole_pixels(from) <= LARGEST_WHOLE;
    let is_possible = load.codec.is_some() && info.plain && is_whole && is_smaller && fits;
    if is_possible && settings.codecs.fast_image_resize {
        Resampler::FastImageResize
    } else {
        Resampler::Libvips
    }
}
