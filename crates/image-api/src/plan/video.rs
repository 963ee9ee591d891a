//! What is particular to videos: sizes that the encoder takes, how long frames last, quality as a quantiser.

use crate::{
    error::{OverLimit, Result},
    size::Size,
};

/// Smallest side that the encoder takes, a macroblock's.
const MIN_SIDE: u32 = 16;

/// Longest shorter side that the encoder takes: that of its highest level.
const MAX_SHORT_SIDE: u32 = 2160;

/// Shortest delay that is obeyed, and what lasts instead of a shorter one, in milliseconds. GIFs that say "as fast as
/// possible" were drawn on slow machines: all browsers agree on these.
const SHORTEST_DELAY: i32 = 11;
const USUAL_DELAY: u32 = 100;

/// The size with even sides, since colour has half the resolution: what is odd loses its last column or row.
pub fn even(size: Size) -> Size {
    Size { width: size.width & !1, height: size.height & !1 }
}

/// Whether the encoder takes pictures of a size.
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

/// How long a frame lasts in a video, in milliseconds.
pub fn duration(delay: Option<i32>) -> u32 {
    delay.filter(|delay| *delay >= SHORTEST_DELAY).map_or(USUAL_DELAY, i32::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_even_and_within_what_the_encoder_takes() {
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
    fn delays_are_obeyed_as_browsers_do() {
        for (delay, lasts) in
            [(None, 100), (Some(0), 100), (Some(10), 100), (Some(11), 11), (Some(20), 20), (Some(-5), 100)]
        {
            assert_eq!(duration(delay), lasts, "{delay:?}");
        }
    }
}
