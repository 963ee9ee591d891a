//! Arithmetic per pixel, and statistics.

use crate::{Image, Operation, Result};

impl Image {
    /// `self * multiply + add`, one number per band (or one for all), as floats.
    pub fn linear(&self, multiply: &[f64], add: &[f64]) -> Result<Self> {
        Operation::new(c"linear").image(c"in", self).doubles(c"a", multiply).doubles(c"b", add).out()
    }

    /// The sum with another image of the same size; one band is added to each of several.
    pub fn add(&self, other: &Self) -> Result<Self> {
        Operation::new(c"add").image(c"left", self).image(c"right", other).out()
    }

    /// The mean of all bands of all pixels.
    pub fn average(&self) -> Result<f64> {
        Operation::new(c"avg").image(c"in", self).build()?.double(c"out")
    }

    /// Minimum, maximum and sum over all bands. The sum is not finite if any value is not.
    pub fn range(&self) -> Result<(f64, f64, f64)> {
        let stats = Operation::new(c"stats").image(c"in", self).out()?.pixels()?;
        // the first row has the statistics of all bands together: minimum, maximum, sum
        let mut numbers = stats.as_chunks::<8>().0.iter().map(|number| f64::from_ne_bytes(*number));
        let mut next = || numbers.next().unwrap_or(f64::NAN);
        Ok((next(), next(), next()))
    }

    /// The bounding box (left, top, width, height) of all pixels that differ from `background` by more than `threshold`
    /// in any band; a width of 0 if there are none.
    pub fn find_trim(&self, threshold: f64, background: &[f64]) -> Result<(u32, u32, u32, u32)> {
        let found = Operation::new(c"find_trim")
            .image(c"in", self)
            .double(c"threshold", threshold)
            .doubles(c"background", background)
            .bool(c"line_art", true)
            .build()?;
        let side = |name| found.int(name).map(|value| value.max(0) as u32);
        Ok((side(c"left")?, side(c"top")?, side(c"width")?, side(c"height")?))
    }
}
