//! Computed pixels in memory.

use std::{ops::Deref, slice};

use libvips_rs::bindings as ffi;

use crate::{
    error::{Result, failed},
    image::Image,
};

/// The pixels of an image, row after row, in the image's own band format.
pub struct Pixels {
    data: *mut u8,
    length: usize,
}

// SAFETY: the block is owned, plain memory.
unsafe impl Send for Pixels {}
// SAFETY: as above.
unsafe impl Sync for Pixels {}

impl Image {
    /// Computes every pixel.
    pub fn pixels(&self) -> Result<Pixels> {
        let mut length = 0;
        // SAFETY: the image is alive; the returned block is ours and holds `length` bytes.
        let data = unsafe { ffi::vips_image_write_to_memory(self.as_ptr(), &raw mut length) };
        if data.is_null() {
            Err(failed(c"pixels"))
        } else {
            Ok(Pixels { data: data.cast(), length: length as usize })
        }
    }

    /// Computes every pixel into memory, and goes on from there: what follows may read in any order.
    pub fn copy_memory(&self) -> Result<Self> {
        // SAFETY: the image is alive; a non-null result is a reference that is ours.
        let raw = unsafe { ffi::vips_image_copy_memory(self.as_ptr()) };
        if raw.is_null() { Err(failed(c"copy_memory")) } else { Ok(Self::from_raw(raw)) }
    }
}

impl Deref for Pixels {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `data` holds `length` bytes until drop.
        unsafe { slice::from_raw_parts(self.data, self.length) }
    }
}

impl Drop for Pixels {
    fn drop(&mut self) {
        // SAFETY: allocated by g_malloc, freed once.
        unsafe { ffi::g_free(self.data.cast()) }
    }
}
