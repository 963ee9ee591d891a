//! Resizing and rotation by resampling.

use libvips_rs::bindings as ffi;

use super::Extend;
use crate::{Image, Operation, Result, Value};

/// Resampling kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// The nearest pixel.
    Nearest,
    /// Linear interpolation.
    Linear,
    /// Cubic (Catmull-Rom).
    Cubic,
    /// Lanczos with a = 3.
    Lanczos3,
}

/// Pixels by which edges are extended in [`Image::rotate_extended`].
pub const ROTATE_EXTENDED: u32 = 8;

/// Factor left to the kernel after box downsampling: the default of libvips' `resize`.
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
    /// Scales by a factor per axis; the sides of the result are rounded to whole pixels.
    pub fn resize(&self, horizontal: f64, vertical: f64, kernel: Kernel) -> Result<Self> {
        Operation::new(c"resize")
            .image(c"in", self)
            .double(c"scale", horizontal)
            .double(c"vscale", vertical)
            .int(c"kernel", kernel.code())
            .out()
    }

    /// Reduces the width by a factor of at least 1. The centres of input and output are aligned; the width is rounded
    /// to whole pixels.
    pub fn reduce_width(&self, factor: f64, kernel: Kernel) -> Result<Self> {
        Operation::new(c"reduceh")
            .image(c"in", self)
            .double(c"hshrink", factor)
            .int(c"kernel", kernel.code())
            .double(c"gap", REDUCE_GAP)
            .out()
    }

    /// As [`Image::reduce_width`], for the height.
    pub fn reduce_height(&self, factor: f64, kernel: Kernel) -> Result<Self> {
        Operation::new(c"reducev")
            .image(c"in", self)
            .double(c"vshrink", factor)
            .int(c"kernel", kernel.code())
            .double(c"gap", REDUCE_GAP)
            .out()
    }

    /// Rotates clockwise by `degrees` with bicubic interpolation; the canvas grows to fit, and its corners are
    /// `background`.
    pub fn rotate(&self, degrees: f64, background: &[f64]) -> Result<Self> {
        let interpolate = crate::interpolate::Interpolate::bicubic()?;
        Operation::new(c"rotate")
            .image(c"in", self)
            .double(c"angle", degrees)
            .with(c"interpolate", Value::Interpolate(&interpolate))
            .doubles(c"background", background)
            .out()
    }

    /// As [`Image::rotate`], on a canvas of a given size with the same centre. Beyond the edges, pixels are extended by
    /// [`ROTATE_EXTENDED`].
    pub fn rotate_extended(&self, degrees: f64, width: u32, height: u32) -> Result<Self> {
        let interpolate = crate::interpolate::Interpolate::bicubic()?;
        let (sine, cosine) = degrees.to_radians().sin_cos();
        // the centre, relative to the centre of the first pixel, which is libvips' origin
        let middle = |side: u32| (f64::from(side) - 1.0) / 2.0;
        let grown = |side: u32| side + 2 * ROTATE_EXTENDED;
        let edge = ROTATE_EXTENDED as i32;
        let image = self.embed(edge, edge, grown(self.width()), grown(self.height()), Extend::Copy)?;
        Operation::new(c"affine")
            .image(c"in", &image)
            .doubles(c"matrix", &[cosine, -sine, sine, cosine])
            .with(c"interpolate", Value::Interpolate(&interpolate))
            .with(c"oarea", Value::Ints(&[0, 0, width as i32, height as i32]))
            .double(c"idx", -middle(image.width()))
            .double(c"idy", -middle(image.height()))
            .double(c"odx", middle(width))
            .double(c"ody", middle(height))
            .int(c"extend", ffi::VipsExtend_VIPS_EXTEND_COPY as i32)
            .out()
    }
}
