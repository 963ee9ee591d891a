//! Resizing to an exact size.

use image_api::plan::step::Resize;
use vips::{
    Image, Result,
    ops::{Extend, Kernel},
};

use crate::{
    size::{Size, Span},
    steps::alpha,
};

/// Resizes as planned.
pub fn scaled(image: &Image, Resize { size, from, .. }: Resize) -> Result<Image> {
    match from {
        Some(from) => part(image, from, size),
        None => to(image, size),
    }
}

/// Resizes to exactly `size`, in the image's own pixel format.
pub fn to(image: &Image, size: Size) -> Result<Image> {
    let horizontal = f64::from(size.width) / f64::from(image.width());
    let vertical = f64::from(size.height) / f64::from(image.height());
    alpha::premultiplied(image, |image| image.resize(horizontal, vertical, Kernel::Lanczos3))
}

/// Downscales a part with fractional edges to exactly `size`. The part is at least as large as `size`.
///
/// libvips scales whole images, aligns the centres of input and output, and rounds sizes. So the image is embedded in a
/// canvas (of which only requested pixels are computed) whose centre maps to a known point of the result, and the
/// result is cropped from the scaled canvas.
pub fn part(image: &Image, from: Span, size: Size) -> Result<Image> {
    let across = Middle::find(image.width(), from.left, from.width, size.width);
    let down = Middle::find(image.height(), from.top, from.height, size.height);
    let width = image.width() + across.before + across.after;
    let height = image.height() + down.before + down.after;
    // one axis after the other: libvips buffers whole rows of what it shrinks vertically
    alpha::premultiplied(image, |image| {
        image
            .embed(0, down.before as i32, image.width(), height, Extend::Copy)?
            .reduce_height(down.factor, Kernel::Lanczos3)?
            .extract_area(0, down.skip, image.width(), size.height)?
            .embed(across.before as i32, 0, width, size.height, Extend::Copy)?
            .reduce_width(across.factor, Kernel::Lanczos3)?
            .extract_area(across.skip, 0, size.width, size.height)
    })
}

/// Placement of the image on a canvas along one axis, so that the centres of input and output are the same point.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Middle {
    /// Canvas pixels before the image.
    before: u32,
    /// Canvas pixels after the image.
    after: u32,
    /// The shrink factor.
    factor: f64,
    /// Scaled pixels before the result.
    skip: u32,
}

/// Number of additional canvas lengths that are tried, beyond what the factor needs, until one has a scaled length of
/// the right parity.
const TRIES: u64 = 8;

impl Middle {
    /// Solves for `length` pixels of `whole`, from `start` on, that are scaled to `target` pixels.
    ///
    /// A point `half / 2` pixels into the result is `start + factor * half / 2` pixels into the image. Centres are at a
    /// pixel or between two pixels, so the nearest such point is chosen; it is the start of the result itself if the
    /// part begins at a whole pixel.
    fn find(whole: u32, start: f64, length: f64, target: u32) -> Self {
        let factor = length / f64::from(target);
        let doubled = |half: u32| 2.0 * start + factor * f64::from(half);
        let distance = |half: u32| (doubled(half) - doubled(half).round()).abs();
        let half = (0..=2 * target)
            .map(|half| (half, (distance(half) / MIDDLE_TOLERANCE).floor()))
            .reduce(|best, next| if next.1 < best.1 { next } else { best })
            .map_or(0, |(half, _)| half);
        let (whole, target, half, point) =
            (u64::from(whole), u64::from(target), u64::from(half), doubled(half).round() as u64);
        // both ends of the result are inside the scaled canvas
        let enough = half.max(2 * target - half);
        let least = ((enough as f64 * factor - point as f64) / 2.0).max(0.0) as u64;
        let first = least.max(whole.saturating_sub(point));
        let scaled = |before: u64| ((2 * before + point) as f64 / factor + 0.5) as u64;
        let fits = |before: &u64| scaled(*before) >= enough && scaled(*before) % 2 == half % 2;
        let end = first + factor as u64 + TRIES;
        let before = (first..=end).find(fits).unwrap_or(first);
        let after = before + point - whole;
        let skip = scaled(before).saturating_sub(half) / 2;
        Self { before: before as u32, after: after as u32, factor, skip: skip as u32 }
    }
}

/// Distances from a centre, in half pixels, that count as zero.
const MIDDLE_TOLERANCE: f64 = 0.01;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Distance in image pixels between the centre of the canvas and its intended position.
    fn miss(middle: Middle, whole: u32, start: f64) -> f64 {
        let canvas = f64::from(whole + middle.before + middle.after);
        let scaled = (canvas / middle.factor + 0.5).floor();
        let place = start + (scaled / 2.0 - f64::from(middle.skip)) * middle.factor;
        (canvas / 2.0 - f64::from(middle.before) - place).abs()
    }

    proptest! {
        #[test]
        fn middles_meet(whole in 2..6000u32, shrunk in 0.0..1.0f64, factor in 1.125..40.0f64) {
            let length = f64::from(whole) - shrunk;
            let target = ((length / factor) as u32).max(1);
            let middle = Middle::find(whole, 0.0, length, target);
            prop_assert!(miss(middle, whole, 0.0) < 1e-6, "{:?}", middle);
            let scaled = (f64::from(whole + middle.before + middle.after) / middle.factor + 0.5).floor();
            prop_assert!(f64::from(middle.skip + target) <= scaled, "{:?}", middle);
        }

        #[test]
        fn parts_with_fractional_starts_are_close(start in 0.0..1.0f64, length in 200.0..4000.0f64, factor in 1.125..9.0f64) {
            let whole = (start + length).ceil() as u32;
            let target = ((length / factor) as u32).max(1);
            let middle = Middle::find(whole, start, length, target);
            prop_assert!(miss(middle, whole, start) <= 0.25, "{:?}", middle);
        }
    }
}
