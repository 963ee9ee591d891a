//! Pixels that leave libvips row by row, as they are computed.

use std::{
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
    slice,
};

use libvips_rs::bindings as ffi;

use crate::{
    error::{Result, failed},
    image::Image,
};

impl Image {
    /// Computes all pixels, and passes them on from the top to the bottom, row by row: each row is given once, in the image's
    /// own number format. Only a few rows are in memory at a time. `take` runs in a thread of libvips.
    ///
    /// # Errors
    ///
    /// If the computation fails, as of [`Image::pixels`], or `take` panics.
    pub fn for_each_row(&self, mut take: impl FnMut(&[u8]) + Send) -> Result<()> {
        let mut take: &mut (dyn FnMut(&[u8]) + Send) = &mut take;
        let data: *mut &mut (dyn FnMut(&[u8]) + Send) = &raw mut take;
        // SAFETY: the image is alive. libvips calls `write` from one thread at a time, and not after `vips_sink_disc` has
        // returned, until which `take` is borrowed.
        let done = unsafe {
            ffi::vips_image_pio_input(self.as_ptr()) == 0
                && ffi::vips_sink_disc(self.as_ptr(), Some(write), data.cast()) == 0
        };
        if done { Ok(()) } else { Err(failed(c"rows")) }
    }
}

unsafe extern "C" fn write(region: *mut ffi::VipsRegion, area: *mut ffi::VipsRect, data: *mut c_void) -> i32 {
    // a panic must not unwind into C
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the closure of `for_each_row`, which waits for this call.
        let take = unsafe { &mut *data.cast::<&mut (dyn FnMut(&[u8]) + Send)>() };
        // SAFETY: a live region that holds the pixels of `area`, which is as wide as the image: reads fields.
        let (valid, start, stride, area, image) =
            unsafe { ((*region).valid, (*region).data, (*region).bpl as usize, *area, (*region).im) };
        // SAFETY: the image of a live region; reads fields.
        let row = unsafe {
            let pixel = ffi::vips_format_sizeof_unsafe((*image).BandFmt) as usize * (*image).Bands as usize;
            pixel * (*image).Xsize as usize
        };
        for index in 0..area.height {
            let below = (area.top - valid.top + index) as usize;
            // SAFETY: a row of the region, `stride` bytes after the one before it.
            take(unsafe { slice::from_raw_parts(start.add(below * stride), row) });
        }
    }));
    if outcome.is_ok() { 0 } else { -1 }
}
