//! Compositing.

use libvips_rs::bindings as ffi;

use crate::{Image, Interpretation, Operation, Result};

impl Image {
    /// Composites `top` over this image, with its top left corner at (`left`, `top_edge`); parts beyond the edges are
    /// cropped. Blends in sRGB; the result has alpha.
    pub fn composite_over(&self, top: &Self, left: i32, top_edge: i32) -> Result<Self> {
        Operation::new(c"composite2")
            .image(c"base", self)
            .image(c"overlay", top)
            .int(c"mode", ffi::VipsBlendMode_VIPS_BLEND_MODE_OVER as i32)
            .int(c"x", left)
            .int(c"y", top_edge)
            .int(c"compositing_space", Interpretation::Srgb.code())
            .out()
    }

    /// Replaces pixels of this image by `sub`, which lies inside it.
    pub fn insert(&self, sub: &Self, left: u32, top: u32) -> Result<Self> {
        Operation::new(c"insert")
            .image(c"main", self)
            .image(c"sub", sub)
            .int(c"x", left as i32)
            .int(c"y", top as i32)
            .out()
    }
}
