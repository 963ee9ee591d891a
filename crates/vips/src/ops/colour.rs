//! Colour spaces and ICC profiles.

use libvips_rs::bindings as ffi;

use crate::{Image, Interpretation, Operation, Result, Value};

/// Rendering intent: how colours outside of the target gamut are mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Perceptual: keeps the relation between colours.
    Perceptual,
    /// Relative colorimetric: keeps colours in gamut, clips others.
    Relative,
}

impl Image {
    /// Recombines bands: each of `rows` rows of `weights` gives one output band, as floats.
    pub fn recomb(&self, weights: &[f64], rows: u32) -> Result<Self> {
        let matrix = Self::matrix(weights, rows)?;
        Operation::new(c"recomb").image(c"in", self).image(c"m", &matrix).out()
    }

    /// Converts between libvips' own colour spaces.
    pub fn colourspace(&self, space: Interpretation) -> Result<Self> {
        Operation::new(c"colourspace").image(c"in", self).int(c"space", space.code()).out()
    }

    /// Converts from the embedded profile (or, without one, the built-in profile of the image's colour space) to 8-bit
    /// sRGB, with black point compensation.
    pub fn icc_to_srgb(&self, intent: Intent) -> Result<Self> {
        let intent = match intent {
            Intent::Perceptual => ffi::VipsIntent_VIPS_INTENT_PERCEPTUAL,
            Intent::Relative => ffi::VipsIntent_VIPS_INTENT_RELATIVE,
        };
        Operation::new(c"icc_transform")
            .image(c"in", self)
            .with(c"output_profile", Value::Text(c"srgb"))
            .with(c"input_profile", Value::Text(c"cmyk"))
            .bool(c"embedded", true)
            .int(c"intent", intent as i32)
            .bool(c"black_point_compensation", true)
            .int(c"depth", 8)
            .out()
    }
}
