//! Histograms and lookup tables.

use crate::{Image, Operation, Result};

impl Image {
    /// Maps each value through a lookup table of 256 × 1 entries, per band.
    pub fn maplut(&self, table: &Self) -> Result<Self> {
        Operation::new(c"maplut").image(c"in", self).image(c"lut", table).out()
    }

    /// The histogram of each band.
    pub fn hist_find(&self) -> Result<Self> {
        Operation::new(c"hist_find").image(c"in", self).out()
    }

    /// The entropy of a histogram, in bits.
    pub fn hist_entropy(&self) -> Result<f64> {
        Operation::new(c"hist_entropy").image(c"in", self).build()?.double(c"out")
    }
}
