//! Computed pixels in memory.

use std::{ops::Deref, slice};

use libvips_rs::bindings as ffi;

use crate::{
    error::{Result, failed},
    image::{BandFormat, Image},
};

/// The pixels of an image, row by row, in the image's own number format.
pub struct Pixels {
    data: *mut u8,
    length: usize,
}

// SAFETY: the block is owned, plain memory.
unsafe impl Send for Pixels {}
// SAFETY: as above.
unsafe impl Sync for Pixels {}

impl Image {
    /// Computes all pixels.
    ///
    /// # Errors
    ///
    /// If the computation fails: a broken source, a passed deadline, no memory.
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

    /// Computes all pixels into a new image in memory: subsequent operations may read them in any order.
    ///
    /// # Errors
    ///
    /// As [`Image::pixels`].
    pub fn copy_memory(&self) -> Result<Self> {
        // SAFETY: the image is alive; a non-null result is a reference that is ours.
        let raw = unsafe { ffi::vips_image_copy_memory(self.as_ptr()) };
        if raw.is_null() { Err(failed(c"copy_memory")) } else { Ok(Self::from_raw(raw)) }
    }
}

/// An image whose pixels are in memory and can be viewed without a copy.
pub struct InMemory(Image);

impl Image {
    /// As [`Image::copy_memory`], with a view of the pixels.
    ///
    /// # Errors
    ///
    /// As [`Image::pixels`].
    pub fn in_memory(&self) -> Result<InMemory> {
        self.copy_memory().map(InMemory)
    }
}

impl InMemory {
    /// The image.
    pub fn image(&self) -> &Image {
        &self.0
    }

    /// The pixels of an 8-bit image, row by row; empty for wider bands.
    pub fn bytes(&self) -> &[u8] {
        if self.0.format() != BandFormat::Uchar {
            return &[];
        }
        // SAFETY: the image was copied to memory, where its pixels stay, unchanged, for as long as it lives.
        let data = unsafe { ffi::vips_image_get_data(self.0.as_ptr()) };
        let length = self.0.width() as usize * self.0.height() as usize * self.0.bands() as usize;
        // SAFETY: a byte a band of each pixel; null is libvips' failure to have them in memory.
        if data.is_null() { &[] } else { unsafe { slice::from_raw_parts(data.cast(), length) } }
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
