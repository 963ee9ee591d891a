//! Generated images.

use crate::{Image, Operation, Result};

impl Image {
    /// Gaussian noise with mean 0, one float band; deterministic for a size.
    pub fn noise(width: u32, height: u32, sigma: f64) -> Result<Self> {
        Operation::new(c"gaussnoise")
            .int(c"width", width as i32)
            .int(c"height", height as i32)
            .double(c"mean", 0.0)
            .double(c"sigma", sigma)
            .int(c"seed", 1)
            .out()
    }
}
