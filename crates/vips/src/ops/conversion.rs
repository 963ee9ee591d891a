//! Cropping, embedding, rotation by right angles, joining and casting.

use libvips_rs::bindings as ffi;

use crate::{BandFormat, Image, Interpretation, Operation, Result, Value};

/// A clockwise rotation by right angles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuarterTurn {
    /// 90 degrees.
    Quarter,
    /// 180 degrees.
    Half,
    /// 270 degrees.
    ThreeQuarters,
}

/// The direction of mirroring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flip {
    /// Swaps left and right.
    Horizontal,
    /// Swaps top and bottom.
    Vertical,
}

/// The pixels around an image that is embedded in a larger canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Extend<'a> {
    /// One colour, one number per band.
    Background(&'a [f64]),
    /// The nearest edge pixel.
    Copy,
    /// Mirror images of the image, repeated.
    Mirror,
}

/// How [`Image::smartcrop`] scores a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interesting {
    /// By the entropy of its histogram.
    Entropy,
    /// By edges, skin tones and saturation.
    Attention,
}

impl Image {
    /// Crops a rectangle, in pixels.
    ///
    /// # Errors
    ///
    /// If it is not inside the image.
    pub fn extract_area(&self, left: u32, top: u32, width: u32, height: u32) -> Result<Self> {
        Operation::new(c"extract_area")
            .image(c"input", self)
            .int(c"left", left as i32)
            .int(c"top", top as i32)
            .int(c"width", width as i32)
            .int(c"height", height as i32)
            .out()
    }

    /// `count` bands from `first` on.
    pub fn extract_bands(&self, first: u32, count: u32) -> Result<Self> {
        Operation::new(c"extract_band")
            .image(c"in", self)
            .int(c"band", first as i32)
            .int(c"n", count as i32)
            .out()
    }

    /// Embeds the image at (`left`, `top`) of a canvas of `width` × `height` pixels.
    pub fn embed(&self, left: i32, top: i32, width: u32, height: u32, extend: Extend<'_>) -> Result<Self> {
        let operation = Operation::new(c"embed")
            .image(c"in", self)
            .int(c"x", left)
            .int(c"y", top)
            .int(c"width", width as i32)
            .int(c"height", height as i32);
        match extend {
            Extend::Copy => operation.int(c"extend", ffi::VipsExtend_VIPS_EXTEND_COPY as i32),
            Extend::Mirror => operation.int(c"extend", ffi::VipsExtend_VIPS_EXTEND_MIRROR as i32),
            Extend::Background(colour) => operation
                .int(c"extend", ffi::VipsExtend_VIPS_EXTEND_BACKGROUND as i32)
                .doubles(c"background", colour),
        }
        .out()
    }

    /// Rotates clockwise by right angles.
    pub fn rot(&self, turn: QuarterTurn) -> Result<Self> {
        let angle = match turn {
            QuarterTurn::Quarter => ffi::VipsAngle_VIPS_ANGLE_D90,
            QuarterTurn::Half => ffi::VipsAngle_VIPS_ANGLE_D180,
            QuarterTurn::ThreeQuarters => ffi::VipsAngle_VIPS_ANGLE_D270,
        };
        Operation::new(c"rot").image(c"in", self).int(c"angle", angle as i32).out()
    }

    /// Mirrors the image.
    pub fn flip(&self, flip: Flip) -> Result<Self> {
        let direction = match flip {
            Flip::Horizontal => ffi::VipsDirection_VIPS_DIRECTION_HORIZONTAL,
            Flip::Vertical => ffi::VipsDirection_VIPS_DIRECTION_VERTICAL,
        };
        Operation::new(c"flip").image(c"in", self).int(c"direction", direction as i32).out()
    }

    /// Converts bands to another number format; values are clipped to its range and truncated.
    pub fn cast(&self, format: BandFormat) -> Result<Self> {
        Operation::new(c"cast").image(c"in", self).int(c"format", format.code()).out()
    }

    /// As [`Image::cast`], between 8 and 16 bits by shifting rather than clipping.
    pub fn cast_shift(&self, format: BandFormat) -> Result<Self> {
        Operation::new(c"cast").image(c"in", self).int(c"format", format.code()).bool(c"shift", true).out()
    }

    /// The same values with another interpretation.
    pub fn interpret(&self, interpretation: Interpretation) -> Result<Self> {
        Operation::new(c"copy").image(c"in", self).int(c"interpretation", interpretation.code()).out()
    }

    /// Joins the bands of several images of one size.
    pub fn bandjoin(images: &[&Self]) -> Result<Self> {
        Operation::new(c"bandjoin").with(c"in", Value::Images(images)).out()
    }

    /// Appends a constant band.
    pub fn bandjoin_const(&self, value: f64) -> Result<Self> {
        Operation::new(c"bandjoin_const").image(c"in", self).doubles(c"c", &[value]).out()
    }

    /// Stacks images of one size from top to bottom.
    pub fn stack(images: &[&Self]) -> Result<Self> {
        Self::grid(images, 1, 0)
    }

    /// Arranges images of one size in rows of `across`, with a white gap of `gap` pixels between them.
    pub fn grid(images: &[&Self], across: u32, gap: u32) -> Result<Self> {
        Operation::new(c"arrayjoin")
            .with(c"in", Value::Images(images))
            .int(c"across", across as i32)
            .int(c"shim", gap as i32)
            .doubles(c"background", &[255.0])
            .out()
    }

    /// Composites onto a background colour and removes the alpha band. `max_alpha` is the value of full opacity.
    pub fn flatten(&self, background: &[f64], max_alpha: f64) -> Result<Self> {
        Operation::new(c"flatten")
            .image(c"in", self)
            .doubles(c"background", background)
            .double(c"max_alpha", max_alpha)
            .out()
    }

    /// Premultiplies colours by alpha, as floats.
    pub fn premultiply(&self) -> Result<Self> {
        Operation::new(c"premultiply").image(c"in", self).out()
    }

    /// Divides colours by alpha: the inverse of [`Image::premultiply`].
    pub fn unpremultiply(&self) -> Result<Self> {
        Operation::new(c"unpremultiply").image(c"in", self).out()
    }

    /// The position of this image's top left corner in the image it was cropped from.
    pub fn origin(&self) -> (u32, u32) {
        let (x, y) = self.offset();
        (x.unsigned_abs(), y.unsigned_abs())
    }

    /// Crops the most interesting window of `width` × `height` pixels.
    pub fn smartcrop(&self, width: u32, height: u32, interesting: Interesting) -> Result<Self> {
        let interesting = match interesting {
            Interesting::Entropy => ffi::VipsInteresting_VIPS_INTERESTING_ENTROPY,
            Interesting::Attention => ffi::VipsInteresting_VIPS_INTERESTING_ATTENTION,
        };
        Operation::new(c"smartcrop")
            .image(c"input", self)
            .int(c"width", width as i32)
            .int(c"height", height as i32)
            .int(c"interesting", interesting as i32)
            .out()
    }
}
