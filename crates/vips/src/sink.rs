//! Pixels that leave libvips row by row, as they are computed.

use std::slice;

use libvips_rs::bindings as ffi;

use crate::{
    error::{Result, failed},
    image::Image,
};

/// Rows that are computed at a time, as libvips' own encoders do (its constant `VIPS__FATSTRIP_HEIGHT`).
const ROWS_AT_A_TIME: i32 = 16;

impl Image {
    /// Computes all pixels in this thread, and passes them on from the top to the bottom, row by row: each row is given once,
    /// in the image's own number format. Only a few rows are in memory at a time.
    ///
    /// libvips' own way (`vips_sink_disc`) starts threads that compute and write at the same time.
    ///
    /// # Errors
    ///
    /// If the computation fails, as of [`Image::pixels`].
    pub fn for_each_row(&self, mut take: impl FnMut(&[u8])) -> Result<()> {
        // SAFETY: the image is alive; the region is ours, and freed before this function returns or unwinds.
        let region = unsafe {
            if ffi::vips_image_pio_input(self.as_ptr()) != 0 {
                return Err(failed(c"rows"));
            }
            Region(ffi::vips_region_new(self.as_ptr()))
        };
        let progress = Progress::new(self);
        let (width, height) = (self.width() as i32, self.height() as i32);
        for top in (0..height).step_by(ROWS_AT_A_TIME as usize) {
            let area = ffi::VipsRect { left: 0, top, width, height: ROWS_AT_A_TIME.min(height - top) };
            // SAFETY: a live region of the image, and an area inside of it.
            if unsafe { ffi::vips_region_prepare(region.0, &raw const area) } != 0 {
                return Err(failed(c"rows"));
            }
            // SAFETY: a prepared region: reads fields, which describe pixels of at least `area`.
            unsafe {
                let (valid, start, stride) = ((*region.0).valid, (*region.0).data, (*region.0).bpl as usize);
                let pixel = ffi::vips_format_sizeof_unsafe((*self.as_ptr()).BandFmt) as usize;
                let row = pixel * self.bands() as usize * width as usize;
                for index in 0..area.height {
                    let below = (top - valid.top + index) as usize;
                    take(slice::from_raw_parts(start.add(below * stride), row));
                }
            }
            progress.report(width as u64 * (top + area.height) as u64);
        }
        Ok(())
    }
}

/// A region of an image that is freed in the end.
struct Region(*mut ffi::VipsRegion);

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: one reference is ours.
        unsafe { ffi::g_object_unref(self.0.cast()) }
    }
}

/// Reports progress, on which deadlines depend ([`Image::watch`]).
struct Progress<'a>(&'a Image);

impl<'a> Progress<'a> {
    fn new(image: &'a Image) -> Self {
        // SAFETY: a live image.
        unsafe { ffi::vips_image_preeval(image.as_ptr()) };
        Self(image)
    }

    fn report(&self, pixels: u64) {
        // SAFETY: a live image, after `vips_image_preeval`.
        unsafe { ffi::vips_image_eval(self.0.as_ptr(), pixels) };
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        // SAFETY: a live image, after `vips_image_preeval`.
        unsafe { ffi::vips_image_posteval(self.0.as_ptr()) };
    }
}
