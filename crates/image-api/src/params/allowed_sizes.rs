//! Allowed sizes: the operator's list that bounds the number of variants per image.

use std::ops::RangeInclusive;

use super::{
    Params,
    refusal::Refusal,
    size::{height::Height, width::MAX_SIDE, width::Width},
};

/// The sides that may be requested; any if both lists are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedSizes {
    /// Widths in pixels.
    pub widths: Steps,
    /// Heights in pixels.
    pub heights: Steps,
    /// What happens to other sizes.
    pub others: Others,
}

/// What happens to a size that is not in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Others {
    /// It is replaced by the next larger one, or by the largest.
    #[default]
    Snapped,
    /// The request is refused.
    Refused,
}

/// Allowed lengths in pixels; any if there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps(Vec<Ladder>);

/// Evenly spaced lengths.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ladder {
    ends: RangeInclusive<u32>,
    step: u32,
}

impl Steps {
    /// Adds a length, `640`, or a range with its step, `200-1600/100`; an error states what was expected.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let ladder = Ladder::read(text.trim());
        self.0.push(ladder.ok_or(format!("a length from 1 to {MAX_SIDE}, or a range such as 200-1600/100"))?);
        Ok(())
    }

    /// Whether any length is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next larger allowed length, or the largest one.
    fn fitting(&self, length: u32) -> Option<u32> {
        let larger = self.0.iter().filter_map(|ladder| ladder.from(length)).min();
        larger.or_else(|| self.0.iter().map(|ladder| *ladder.ends.end()).max())
    }
}

impl Ladder {
    fn read(text: &str) -> Option<Self> {
        let length = |text: &str| text.trim().parse().ok().filter(|length| (1..=MAX_SIDE).contains(length));
        let Some((first, rest)) = text.split_once('-') else {
            let length = length(text)?;
            return Some(Self { ends: length..=length, step: 1 });
        };
        let (last, step) = rest.split_once('/')?;
        let (first, last, step) = (length(first)?, length(last)?, length(step)?);
        // the largest value that the steps reach
        let last = first + last.checked_sub(first)? / step * step;
        Some(Self { ends: first..=last, step })
    }

    fn from(&self, length: u32) -> Option<u32> {
        let (first, last) = (*self.ends.start(), *self.ends.end());
        let rung = first + length.saturating_sub(first).div_ceil(self.step) * self.step;
        (rung <= last).then_some(rung)
    }
}

impl AllowedSizes {
    /// Whether any size is allowed.
    pub fn is_empty(&self) -> bool {
        self.widths.is_empty() && self.heights.is_empty()
    }

    /// Replaces sizes by allowed ones, or refuses the request; returns the names of the parameters that were changed.
    ///
    /// Sizes are compared in output pixels: `dpr` is multiplied in and then removed. If the width has to change and any
    /// height is allowed, the height is scaled in proportion, and vice versa.
    pub(super) fn restrict(&self, params: &mut Params) -> Result<Vec<&'static str>, Refusal> {
        if self.is_empty() || (params.width.is_none() && params.height.is_none()) {
            return Ok(Vec::new());
        }
        let ratio = params.dpr.take().map_or(1.0, |dpr| dpr.0);
        let asked = |side: u32| ((f64::from(side) * ratio).round() as u32).clamp(1, MAX_SIDE);
        let width = params.width.map(|width| asked(width.0));
        let height = params.height.map(|height| asked(height.0));
        let (fitting_width, fitting_height) = (
            width.and_then(|width| self.widths.fitting(width)),
            height.and_then(|height| self.heights.fitting(height)),
        );
        let changed =
            [("width", width, fitting_width), ("height", height, fitting_height)].into_iter().filter_map(
                |(name, asked, fitting)| fitting.filter(|_| fitting != asked).map(|near| (name, near)),
            );
        let changed: Vec<_> = changed.collect();
        if let (Others::Refused, Some((parameter, near))) = (self.others, changed.first()) {
            return Err(Refusal::Size { parameter, near: *near });
        }
        params.width = fitting_width.or(following(width, height, fitting_height)).map(Width);
        params.height = fitting_height.or(following(height, width, fitting_width)).map(Height);
        Ok(changed.into_iter().map(|(name, _)| name).collect())
    }
}

/// This side, scaled in proportion to the other one, which became `fitting`.
fn following(side: Option<u32>, other: Option<u32>, fitting: Option<u32>) -> Option<u32> {
    let (Some(length), Some(other), Some(fitting)) = (side, other, fitting) else { return side };
    let length = f64::from(length) * f64::from(fitting) / f64::from(other);
    Some((length.round() as u32).clamp(1, MAX_SIDE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(texts: &[&str]) -> Steps {
        let mut steps = Steps::default();
        for text in texts {
            steps.add(text).unwrap();
        }
        steps
    }

    fn snapped(sizes: &AllowedSizes, query: &str) -> String {
        let mut params = Params::parse(query).unwrap().params;
        sizes.restrict(&mut params).unwrap();
        params.canonical()
    }

    #[test]
    fn the_next_larger_length_or_the_largest() {
        let steps = steps(&["320", "64", "1000-2000/300"]);
        for (asked, given) in [
            (1, 64),
            (64, 64),
            (65, 320),
            (321, 1000),
            (1001, 1300),
            (1900, 1900),
            (1901, 1900),
            (9000, 1900),
        ] {
            assert_eq!(steps.fitting(asked), Some(given), "{asked}");
        }
        assert_eq!(Steps::default().fitting(5), None);
        for text in ["", "0", "70000", "wide", "5-", "5-9", "9-5/1", "5-9/0", "-5", "1-2/3/4"] {
            assert!(Steps::default().add(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_compared_in_output_pixels() {
        let sizes = AllowedSizes { widths: steps(&["320", "640"]), ..AllowedSizes::default() };
        for (query, canonical) in [
            ("width=300", "width=320"),
            ("width=160&dpr=2", "width=320"),
            ("width=300&dpr=2", "width=640"),
            ("width=9999", "width=640"),
            ("width=300&height=150&crop=fit", "width=320&height=160&crop=fit"),
            ("width=150&height=75&dpr=2", "width=320&height=160"),
            ("height=75&dpr=2", "height=150"),
            ("blur=3", "blur=3"),
            ("", ""),
        ] {
            assert_eq!(snapped(&sizes, query), canonical, "{query}");
        }
        let both = AllowedSizes { heights: steps(&["100-200/50"]), ..sizes };
        assert_eq!(snapped(&both, "width=300&height=120"), "width=320&height=150");
        assert_eq!(snapped(&both, "height=75&dpr=2"), "height=150");
        let heights = AllowedSizes { widths: Steps::default(), ..both };
        assert_eq!(snapped(&heights, "width=300&height=75"), "width=400&height=100");
    }

    #[test]
    fn other_sizes_may_be_refused() {
        let sizes = AllowedSizes {
            widths: steps(&["320", "640"]),
            others: Others::Refused,
            ..AllowedSizes::default()
        };
        let refused = |query| sizes.restrict(&mut Params::parse(query).unwrap().params);
        assert_eq!(refused("width=320&dpr=2"), Ok(Vec::new()));
        assert_eq!(refused("width=300"), Err(Refusal::Size { parameter: "width", near: 320 }));
    }
}
