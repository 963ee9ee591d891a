//! Histograms.

use crate::{Image, Operation, Result};

impl Image {
    /// Each value replaced by its entry of a table of 256 by 1, band by band.
    pub fn maplut(&self, table: &Self) -> Result<Self> {
        Operation::new(c"maplut").image(c"in", self).image(c"lut", table).out()
    }

    /// Counts the values of each band.
    pub fn hist_find(&self) -> Result<Self> {
        Operation::new(c"hist_find").image(c"in", self).out()
    }

    /// The entropy of a histogram, in bits.
    pub fn hist_entropy(&self) -> Result<f64> {
        Operation::new(c"hist_entropy").image(c"in", self).build()?.double(c"out")
    }
}
