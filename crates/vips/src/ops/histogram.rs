//! Histograms.

use crate::{Image, Operation, Result};

impl Image {
    /// Counts the values of each band.
    pub fn hist_find(&self) -> Result<Self> {
        Operation::new(c"hist_find").image(c"in", self).out()
    }

    /// The entropy of a histogram, in bits.
    pub fn hist_entropy(&self) -> Result<f64> {
        Operation::new(c"hist_entropy").image(c"in", self).build()?.double(c"out")
    }
}
