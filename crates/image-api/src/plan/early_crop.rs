//! Cropping before scaling, so that pixels outside the crop are not computed. Pure computation.

use crate::{
    orientation::Orientation,
    params::value::number::round_half_up,
    plan::geometry::{Geometry, Window},
    size::{Rect, Size},
};

/// Support of the resampler on each side of a position, in pixels: three lobes of the Lanczos window, and one for
/// rounding.
const MARGIN: u32 = 4;

/// Longest side to which an image is scaled if only a part is kept. The resampler computes only requested pixels, but
/// its coordinates are limited to 10 million; above a million, the part is cropped from the image before it is scaled.
const LONGEST: u32 = 1_000_000;

/// The geometry from the decoded image to the kept part of the scaled one; all as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scaling {
    /// The crop of the decoded image.
    pub extract: Rect,
    /// The size to which it is scaled.
    pub scaled: Size,
    /// The crop of the scaled image; `None` for all of it.
    pub cut: Option<Rect>,
}

/// Splits a window into the crop right after scaling, as stored, and the remaining crop: a free rotation needs the
/// surroundings, and locating the most interesting part needs the whole image.
pub(super) fn split(geometry: &Geometry, orientation: Orientation) -> (Option<Rect>, Option<Window>) {
    match geometry.window {
        Some(Window::Fixed(rect)) if geometry.turned.is_none() => {
            (Some(orientation.stored_rect(rect, orientation.size(geometry.scaled))), None)
        }
        window => (None, window),
    }
}

impl Scaling {
    /// Scales only what the kept part needs, where that saves work. An SVG is rendered only where it is kept: it has
    /// been scaled already.
    pub(super) fn early(self, is_drawing: bool) -> Self {
        let Some(cut) = self.cut else { return self };
        let Self { extract, scaled, .. } = self;
        if is_drawing && extract.size() == scaled {
            let part = Rect { left: extract.left + cut.left, top: extract.top + cut.top, ..cut };
            return Self { extract: part, scaled: cut.size(), cut: None };
        }
        if scaled.width.max(scaled.height) <= LONGEST {
            return self;
        }
        let across = Span::of(extract.width, scaled.width, cut.left, cut.width);
        let down = Span::of(extract.height, scaled.height, cut.top, cut.height);
        let cut = Rect { left: across.kept, top: down.kept, ..cut };
        let scaled = Size { width: across.scaled, height: down.scaled };
        let extract = Rect {
            left: extract.left + across.from,
            top: extract.top + down.from,
            width: across.length,
            height: down.length,
        };
        Self { extract, scaled, cut: (cut != scaled.rect()).then_some(cut) }
    }
}

/// One axis of a part that is cropped before scaling.
struct Span {
    from: u32,
    length: u32,
    scaled: u32,
    kept: u32,
}

impl Span {
    /// The pixels of a side of `whole` on which the part from `start` of `length` depends when the side is scaled to
    /// `scaled`.
    fn of(whole: u32, scaled: u32, start: u32, length: u32) -> Self {
        let factor = f64::from(scaled) / f64::from(whole);
        let first = (f64::from(start) / factor).floor() as u32;
        let last = (f64::from(start + length) / factor).ceil() as u32;
        let from = first.min(whole - 1).saturating_sub(MARGIN);
        let to = last.saturating_add(MARGIN).min(whole);
        let scaled = (round_half_up(f64::from(to - from) * factor) as u32).max(length);
        let kept = round_half_up(f64::from(start) - f64::from(from) * factor).max(0.0) as u32;
        Self { from, length: to - from, scaled, kept: kept.min(scaled - length) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_position_of_a_part_is_kept(
            whole in 1..3000u32, scaled in 1_000_001..40_000_000u32, start in 0.0..1.0f64, length in 1..12_000u32,
        ) {
            let start = (f64::from(scaled - length) * start) as u32;
            let extract = Rect { left: 3, top: 0, width: whole, height: 7 };
            let cut = Rect { left: start, top: 2, width: length, height: 5 };
            let asked = Scaling { extract, scaled: Size { width: scaled, height: 7 }, cut: Some(cut) };
            let early = asked.early(false);
            let (part, kept) = (early.extract, early.cut.unwrap_or(early.scaled.rect()));
            prop_assert_eq!(kept.size(), cut.size());
            prop_assert!(part.left >= 3 && part.left + part.width <= 3 + whole);
            prop_assert!(kept.left + kept.width <= early.scaled.width);
            // the centre of the part, in pixels of the original, before and after
            let middle = |from: f64, kept: Rect, factor: f64| from + (f64::from(kept.left) + f64::from(length) / 2.0) / factor;
            let factor = f64::from(scaled) / f64::from(whole);
            let own = f64::from(early.scaled.width) / f64::from(part.width);
            let (before, after) = (middle(0.0, cut, factor), middle(f64::from(part.left - 3), kept, own));
            prop_assert!((before - after).abs() * factor <= 1.5, "{} {}", before, after);
            prop_assert!(f64::from(early.scaled.width) <= f64::from(length) + 11.0 * factor);
        }
    }

    #[test]
    fn an_svg_is_rendered_only_where_it_is_kept() {
        let cut = Rect { left: 5671, top: 0, width: 1600, height: 1600 };
        let scaled = Size { width: 12_942, height: 1600 };
        let asked = Scaling { extract: scaled.rect(), scaled, cut: Some(cut) };
        assert_eq!(asked.early(true), Scaling { extract: cut, scaled: cut.size(), cut: None });
        assert_eq!(asked.early(false), asked);
    }
}
