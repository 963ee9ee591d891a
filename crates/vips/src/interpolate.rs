//! Interpolation between pixels.

use libvips_rs::bindings as ffi;

use crate::error::{Result, failed};

/// An interpolator.
pub struct Interpolate(*mut ffi::VipsInterpolate);

impl Interpolate {
    /// Bicubic (Catmull-Rom) over 4 × 4 pixels.
    pub(crate) fn bicubic() -> Result<Self> {
        // SAFETY: a static C string; the result is null or a reference that is ours.
        let raw = unsafe { ffi::vips_interpolate_new(c"bicubic".as_ptr()) };
        if raw.is_null() { Err(failed(c"interpolate")) } else { Ok(Self(raw)) }
    }

    pub(crate) fn as_ptr(&self) -> *mut ffi::VipsInterpolate {
        self.0
    }
}

impl Drop for Interpolate {
    fn drop(&mut self) {
        // SAFETY: one reference is ours.
        unsafe { ffi::g_object_unref(self.0.cast()) }
    }
}
