//! Selects how the original is decoded: scaled down by the decoder where possible, which is cheapest.

use super::geometry::{Geometry, Window};
use crate::{
    orientation::Orientation,
    params::value::number::round_half_up,
    settings::Settings,
    size::{Extent, Rect, Size, Span},
    source::{Codec, EmbeddedThumbnail, SourceFormat, SourceInfo},
};

/// How the original is decoded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// The format.
    pub format: SourceFormat,
    /// The decoder beside libvips that decodes it; libvips itself if absent.
    pub codec: Option<Codec>,
    /// JPEG: the divisor of shrink-on-load.
    pub shrink: u8,
    /// SVG: the factor on its stated size.
    pub scale: f64,
    /// SVG: the part that is rendered, in pixels at that scale; `None` for all of it.
    pub part: Option<Rect>,
    /// An embedded smaller copy that is decoded instead.
    pub thumbnail: Option<EmbeddedThumbnail>,
    /// Number of frames, from the first.
    pub frames: u32,
    /// The stored size after scaling by the decoder.
    pub size: Size,
}

/// Selects the cheapest way to decode at least the pixels that the output needs.
pub(super) fn load(
    info: &SourceInfo,
    content: Extent,
    orientation: Orientation,
    geometry: &Geometry,
    exact: bool,
    frames: u32,
    settings: &Settings,
) -> Load {
    let horizontal = content.width / f64::from(geometry.scaled.width);
    let vertical = content.height / f64::from(geometry.scaled.height);
    let ratio = horizontal.min(vertical);
    let plain = Load {
        format: info.format,
        codec: info.codec.filter(|codec| frames == 1 && settings.codecs.allows(*codec)),
        shrink: 1,
        scale: info.vector.map_or(1.0, |vector| vector.unit),
        part: None,
        thumbnail: None,
        frames,
        size: info.stored,
    };
    match info.format {
        _ if exact => plain,
        SourceFormat::Jpeg => {
            let shrink = jpeg_divisor(ratio, info.stored);
            // the last row and column may represent less than a whole pixel
            let divided = |side: u32| side.div_ceil(shrink.into());
            let size = Size { width: divided(info.stored.width), height: divided(info.stored.height) };
            Load { shrink, size, ..plain }
        }
        // the SVG is rendered at the scale at which the kept part has its size
        SourceFormat::Svg => match info.vector {
            None => plain,
            Some(vector) => {
                let scaled = orientation.size(geometry.scaled);
                let exact = vector.scale(orientation.extent(content), scaled);
                // if it must be analysed as a whole first, it is rendered no larger than the output may be
                let is_seen =
                    geometry.turned.is_none() && matches!(geometry.window, Some(Window::Interesting(_)));
                let scale = if is_seen { exact.min(vector.largest(&settings.limits)) } else { exact };
                Load { scale, size: vector.drawn(scale), ..plain }
            }
        },
        _ => match enough_thumbnail(info, ratio) {
            Some(copy) => Load { codec: None, thumbnail: Some(copy), size: copy.size, ..plain },
            None => plain,
        },
    }
}

/// The smallest embedded copy with enough pixels for an image that is downscaled by `ratio`.
fn enough_thumbnail(info: &SourceInfo, ratio: f64) -> Option<EmbeddedThumbnail> {
    let shrunk = |copy: &EmbeddedThumbnail| f64::from(info.stored.width) / f64::from(copy.size.width);
    info.thumbnails.iter().rev().find(|copy| shrunk(copy) <= ratio).copied()
}

/// CPU nanoseconds that decoding a JPEG by each divisor and scaling the result take, per pixel of the original. Measured by
/// libjpeg-turbo and `fast_image_resize` on photographs of 200 to 1000 pixels; only differences matter here.
const JPEG_NANOSECONDS: [(u8, f64); 4] = [(1, 4.2), (2, 2.8), (4, 2.25), (8, 1.8)];

/// CPU nanoseconds that a better image may cost in addition: about 5 % of the cheapest requests.
const BETTER_IMAGE_NANOSECONDS: f64 = 250_000.0;

/// What is left to the resampler of a better image at most. Beyond it, the score grows by less than 3 points.
const MOST_RESAMPLED: f64 = 4.0;

/// The divisor of shrink-on-load for an image that is downscaled by `ratio`.
///
/// Scaling by smaller transforms is cheap but aliases: at half, it scores 87 to 94 (SSIMULACRA2) where a resampler alone scores
/// 95 to 97. So the divisor is smaller than the cheapest one if the image is small enough for that to cost next to nothing.
fn jpeg_divisor(ratio: f64, stored: Size) -> u8 {
    let cheapest = cheapest_jpeg_divisor(ratio);
    let nanoseconds =
        |divisor| JPEG_NANOSECONDS.iter().find(|(of, _)| *of == divisor).map_or(0.0, |(_, each)| *each);
    let is_better = |divisor: u8| {
        let more = (nanoseconds(divisor) - nanoseconds(cheapest)) * stored.pixels() as f64;
        ratio / f64::from(divisor) <= MOST_RESAMPLED && more <= BETTER_IMAGE_NANOSECONDS
    };
    let divisors = JPEG_NANOSECONDS.iter().map(|(divisor, _)| *divisor);
    divisors.take_while(|divisor| *divisor < cheapest).find(|divisor| is_better(*divisor)).unwrap_or(cheapest)
}

/// The cheapest divisor of shrink-on-load for an image that is downscaled by `ratio`.
///
/// As large as possible without going below the target size. If it equals the integer part of the ratio it is halved:
/// libjpeg rounds sizes up, and the resampler should have something left to filter. (The rule of sharp and weserv.)
fn cheapest_jpeg_divisor(ratio: f64) -> u8 {
    let factor = [8u8, 4, 2].into_iter().find(|factor| ratio >= f64::from(*factor)).unwrap_or(1);
    if factor > 1 && ratio.floor() as u64 == u64::from(factor) { factor / 2 } else { factor }
}

/// The kept part in pixels of the decoded image as stored, and the exact part if its edges are fractional.
/// For an SVG, the part has exactly its target size if the difference is due to rounding.
pub(super) fn decoded(
    kept: Rect,
    load: &Load,
    orientation: Orientation,
    info: &SourceInfo,
    scaled: Size,
) -> (Rect, Option<Span>) {
    let stored = info.stored;
    let rect = orientation.stored_rect(kept, stored);
    if load.shrink > 1 {
        return divided(rect, load);
    }
    let span = |start: u32, length: u32, whole: u32, decoded: u32, wanted: u32| {
        let factor = f64::from(decoded) / f64::from(whole);
        let from = round_half_up(f64::from(start) * factor) as u32;
        let to = round_half_up(f64::from(start + length) * factor) as u32;
        let from = from.min(decoded.saturating_sub(1));
        let length = to.clamp(from + 1, decoded) - from;
        let is_near = info.vector.is_some() && length.abs_diff(wanted) == 1 && wanted <= decoded;
        if is_near { (from.min(decoded - wanted), wanted) } else { (from, length) }
    };
    let (left, width) = span(rect.left, rect.width, stored.width, load.size.width, scaled.width);
    let (top, height) = span(rect.top, rect.height, stored.height, load.size.height, scaled.height);
    (Rect { left, top, width, height }, None)
}

/// As [`decoded`], for shrink-on-load: a side of 1001 pixels divided by 8 is 125.125 pixels, which the decoder rounds
/// up to 126.
fn divided(rect: Rect, load: &Load) -> (Rect, Option<Span>) {
    let divisor = u32::from(load.shrink);
    let span = |start: u32, length: u32, decoded: u32| {
        let (from, to) = (start / divisor, (start + length).div_ceil(divisor).min(decoded));
        let exact = |side: u32| f64::from(side) / f64::from(divisor);
        (from, to - from, exact(start % divisor), exact(length))
    };
    let (left, width, from_left, exact_width) = span(rect.left, rect.width, load.size.width);
    let (top, height, from_top, exact_height) = span(rect.top, rect.height, load.size.height);
    let exact = Span { left: from_left, top: from_top, width: exact_width, height: exact_height };
    let whole = Span { left: 0.0, top: 0.0, width: width.into(), height: height.into() };
    (Rect { left, top, width, height }, (exact != whole).then_some(exact))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_shrink_on_load() {
        for (ratio, expected) in [
            (0.5, 1),
            (1.99, 1),
            (2.0, 1),
            (2.9, 1),
            (3.0, 2),
            (3.98, 2),
            (4.0, 2),
            (4.9, 2),
            (5.0, 4),
            (7.99, 4),
            (8.5, 4),
            (9.0, 8),
            (60.0, 8),
        ] {
            assert_eq!(cheapest_jpeg_divisor(ratio), expected, "{ratio}");
            let large = Size { width: 2040, height: 1360 };
            assert_eq!(jpeg_divisor(ratio, large), expected, "{ratio}, of a large image");
        }
    }

    #[test]
    fn small_images_are_decoded_larger() {
        let divisor = |ratio, width, height| jpeg_divisor(ratio, Size { width, height });
        // at full size up to 250,000 / (4.2 - 2.8) pixels
        assert_eq!(divisor(3.2, 178_571, 1), 1);
        assert_eq!(divisor(3.2, 178_572, 1), 2);
        // at half instead of a quarter, and at a quarter instead of an eighth
        assert_eq!((divisor(6.0, 454_545, 1), divisor(6.0, 454_546, 1)), (2, 4));
        assert_eq!((divisor(9.5, 555_555, 1), divisor(9.5, 555_556, 1)), (4, 8));
        // no more than a factor of 4 is left to the resampler
        assert_eq!((divisor(4.0, 10, 10), divisor(4.1, 10, 10)), (1, 2));
        assert_eq!((divisor(8.0, 10, 10), divisor(8.1, 10, 10)), (2, 4));
        assert_eq!((divisor(16.0, 10, 10), divisor(16.1, 10, 10)), (4, 8));
    }
}
