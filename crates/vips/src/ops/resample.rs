//! Sizes and turns by resampling.

use libvips_rs::bindings as ffi;

use crate::{Image, Operation, Result, Value};

/// How neighbouring pixels are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// The nearest pixel.
    Nearest,
    /// Straight lines between neighbours.
    Linear,
    /// Catmull-Rom.
    Cubic,
    /// Lanczos with three lobes.
    Lanczos3,
}

/// How much is left to the kernel after whole pixels were averaged: that of libvips' `resize`.
const REDUCE_GAP: f64 = 2.0;

impl Kernel {
    fn code(self) -> i32 {
        (match self {
            Self::Nearest => ffi::VipsKernel_VIPS_KERNEL_NEAREST,
            Self::Linear => ffi::VipsKernel_VIPS_KERNEL_LINEAR,
            Self::Cubic => ffi::VipsKernel_VIPS_KERNEL_CUBIC,
            Self::Lanczos3 => ffi::VipsKernel_VIPS_KERNEL_LANCZOS3,
        }) as i32
    }
}

impl Image {
    /// Scales by a factor a side; the result's sides are rounded to whole pixels.
    pub fn resize(&self, horizontal: f64, vertical: f64, kernel: Kernel) -> Result<Self> {
        Operation::new(c"resize")
            .image(c"in", self)
            .double(c"scale", horizontal)
            .double(c"vscale", vertical)
            .int(c"kernel", kernel.code())
            .out()
    }

    /// Makes the width smaller by a factor of at least 1: of input and output, rounded to whole pixels, the middles meet.
    pub fn reduce_width(&self, factor: f64, kernel: Kernel) -> Result<Self> {
        Operation::new(c"reduceh")
            .image(c"in", self)
            .double(c"hshrink", factor)
            .int(c"kernel", kernel.code())
            .double(c"gap", REDUCE_GAP)
            .out()
    }

    /// As [`Image::reduce_width`], the height.
    pub fn reduce_height(&self, factor: f64, kernel: Kernel) -> Result<Self> {
        Operation::new(c"reducev")
            .image(c"in", self)
            .double(c"vshrink", factor)
            .int(c"kernel", kernel.code())
            .double(c"gap", REDUCE_GAP)
            .out()
    }

    /// Turns clockwise by `degrees` with bicubic interpolation; the canvas grows, its corners are `background`.
    pub fn rotate(&self, degrees: f64, background: &[f64]) -> Result<Self> {
        let interpolate = crate::interpolate::Interpolate::bicubic()?;
        Operation::new(c"rotate")
            .image(c"in", self)
            .double(c"angle", degrees)
            .with(c"interpolate", Value::Interpolate(&interpolate))
            .doubles(c"background", background)
            .out()
    }
}
