//! Planning of videos: sizes that the encoder supports, frame durations, quality as a quantiser.

use crate::{
    error::{OverLimit, Result},
    size::Size,
};

/// Smallest side that the encoder supports: a macroblock.
const MIN_SIDE: u32 = 16;

/// Largest shorter side that the encoder supports: that of its highest level.
const MAX_SHORT_SIDE: u32 = 2160;

/// Shortest frame delay that is kept, and the replacement for shorter ones, in milliseconds. GIFs with a delay of 0
/// ("as fast as possible") were made for slow machines; all browsers use these values.
const SHORTEST_DELAY: i32 = 11;
const USUAL_DELAY: u32 = 100;

/// The size rounded down to even sides, as required by chroma subsampling: an odd last column or row is dropped.
pub fn even(size: Size) -> Size {
    Size { width: size.width & !1, height: size.height & !1 }
}

/// Whether the encoder supports this size.
pub fn check(size: Size) -> Result<()> {
    let short = size.width.min(size.height);
    if even(size).width.min(even(size).height) < MIN_SIDE {
        let (actual, limit) = (short.into(), MIN_SIDE.into());
        let what = "the shorter side of a video in pixels";
        return Err(OverLimit { what, actual, bound: "H.264 needs at least", limit }.into());
    }
    if short > MAX_SHORT_SIDE {
        let (actual, limit) = (short.into(), MAX_SHORT_SIDE.into());
        let what = "the shorter side of a video in pixels";
        return Err(OverLimit { what, actual, bound: "H.264 allows", limit }.into());
    }
    Ok(())
}

/// Duration of a frame in a video, in milliseconds.
pub fn duration(delay: Option<i32>) -> u32 {
    delay.filter(|delay| *delay >= SHORTEST_DELAY).map_or(USUAL_DELAY, i32::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_even_and_supported_by_the_encoder() {
        let size = |width, height| Size { width, height };
        assert_eq!(even(size(241, 135)), size(240, 134));
        for (width, height, fits) in [
            (16, 17, true),
            (15, 100, false),
            (100, 15, false),
            (3840, 2160, true),
            (2160, 3840, true),
            (2161, 3000, false),
        ] {
            assert_eq!(check(size(width, height)).is_ok(), fits, "{width} x {height}");
        }
    }

    #[test]
    fn delays_are_those_of_browsers() {
        for (delay, lasts) in
            [(None, 100), (Some(0), 100), (Some(10), 100), (Some(11), 11), (Some(20), 20), (Some(-5), 100)]
        {
            assert_eq!(duration(delay), lasts, "{delay:?}");
        }
    }
}
