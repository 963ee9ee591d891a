//! Colour spaces and profiles.

use libvips_rs::bindings as ffi;

use crate::{Image, Interpretation, Operation, Result, Value};

/// How colours outside the target's gamut are brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Keeps the relation between colours.
    Perceptual,
    /// Keeps colours that fit, clips the others.
    Relative,
}

impl Image {
    /// Mixes bands: each of `rows` rows of `weights` makes one band of the result, as floats.
    pub fn recomb(&self, weights: &[f64], rows: u32) -> Result<Self> {
        let matrix = Self::matrix(weights, rows)?;
        Operation::new(c"recomb").image(c"in", self).image(c"m", &matrix).out()
    }

    /// Converts between libvips' own colour spaces.
    pub fn colourspace(&self, space: Interpretation) -> Result<Self> {
        Operation::new(c"colourspace").image(c"in", self).int(c"space", space.code()).out()
    }

    /// Converts from the embedded profile (or the built-in one of the image's kind) to the built-in sRGB, 8 bits.
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
