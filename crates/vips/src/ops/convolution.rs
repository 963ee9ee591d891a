//! Convolution.

use crate::{Image, Operation, Result};

impl Image {
    /// Gaussian blur; `sigma` in pixels.
    pub fn gaussblur(&self, sigma: f64) -> Result<Self> {
        Operation::new(c"gaussblur").image(c"in", self).double(c"sigma", sigma).out()
    }
}
