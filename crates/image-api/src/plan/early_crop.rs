//! Cutting before scaling: what is cut away of a scaled picture is not made first. Pure numbers.

use crate::{
    orientation::Orientation,
    params::value::number::round_half_up,
    plan::geometry::{Geometry, Window},
    size::{Rect, Size},
};

/// Pixels that a resampler looks at on each side of a place: three lobes of a Lanczos window, and one for rounding.
const MARGIN: u32 = 4;

/// Longest side that a picture is scaled to of which a part is kept. The resampler computes only what is asked for, but its
/// coordinates end at 10 million; beyond a million, the part is cut out of the picture before it is scaled.
const LONGEST: u32 = 1_000_000;

/// From the decoded picture to the kept part of the scaled one; all as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scaling {
    /// What is taken of the decoded picture.
    pub extract: Rect,
    /// What it is scaled to.
    pub scaled: Size,
    /// What is kept of that; all of it if absent.
    pub cut: Option<Rect>,
}

/// What of a window can be cut as soon as the picture is scaled, as it is stored then, and what is left to be cut later: a
/// free turn needs what lies around, and what is interesting must be seen first.
pub(super) fn split(geometry: &Geometry, orientation: Orientation) -> (Option<Rect>, Option<Window>) {
    match geometry.window {
        Some(Window::Fixed(rect)) if geometry.turned.is_none() => {
            (Some(orientation.stored_rect(rect, orientation.size(geometry.scaled))), None)
        }
        window => (None, window),
    }
}

impl Scaling {
    /// The same, scaling no more than the kept part needs where that is worth it. A drawing is only rasterised where it is
    /// kept: it has been scaled by then.
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

/// One side of a part that is cut out before it is scaled.
struct Span {
    from: u32,
    length: u32,
    scaled: u32,
    kept: u32,
}

impl Span {
    /// The pixels of a side of `whole` that the part from `start` of `length` depends on when the side is scaled to `scaled`.
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
        fn a_part_is_where_it_was(
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
            // the middle of the part, in pixels of the original, before and after
            let middle = |from: f64, kept: Rect, factor: f64| from + (f64::from(kept.left) + f64::from(length) / 2.0) / factor;
            let factor = f64::from(scaled) / f64::from(whole);
            let own = f64::from(early.scaled.width) / f64::from(part.width);
            let (before, after) = (middle(0.0, cut, factor), middle(f64::from(part.left - 3), kept, own));
            prop_assert!((before - after).abs() * factor <= 1.5, "{} {}", before, after);
            prop_assert!(f64::from(early.scaled.width) <= f64::from(length) + 11.0 * factor);
        }
    }

    #[test]
    fn a_drawing_is_drawn_where_it_is_kept() {
        let cut = Rect { left: 5671, top: 0, width: 1600, height: 1600 };
        let scaled = Size { width: 12_942, height: 1600 };
        let asked = Scaling { extract: scaled.rect(), scaled, cut: Some(cut) };
        assert_eq!(asked.early(true), Scaling { extract: cut, scaled: cut.size(), cut: None });
        assert_eq!(asked.early(false), asked);
    }
}
