//! Images whose pixels come from a decoder outside libvips, row by row and on demand.

use std::{
    ffi::{CString, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr, slice,
    sync::Mutex,
};

use libvips_rs::bindings as ffi;

use crate::{
    error::{Result, failed},
    image::{BandFormat, Image, Interpretation},
    operation::Operation,
};

/// Rows that are computed at a time, as libvips' own loaders do (its constant `VIPS__FATSTRIP_HEIGHT`).
const ROWS_AT_A_TIME: i32 = 16;

/// A source of rows of pixels, from the top: each call fills the slice, a whole number of rows, with the next ones.
///
/// An error is a text for logs. After an error the source is not called again.
pub trait Rows: Send {
    /// Fills `rows` with the next rows.
    ///
    /// # Errors
    ///
    /// If the encoded image is broken or memory runs out.
    fn read(&mut self, rows: &mut [u8]) -> std::result::Result<(), String>;
}

/// The shape of the pixels of [`Image::from_rows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bands (channels) per pixel, alpha included.
    pub bands: u32,
    /// The number format of a band.
    pub format: BandFormat,
    /// The meaning of the bands.
    pub interpretation: Interpretation,
}

/// The position in a source of rows.
struct Reader {
    rows: Box<dyn Rows>,
    /// The next row.
    next: i32,
    has_failed: bool,
}

impl Image {
    /// An image with the metadata of `header` and the pixels of `rows`, for one pass from top to bottom.
    ///
    /// # Errors
    ///
    /// If libvips cannot set it up. Errors of `rows` appear when pixels are computed.
    pub fn from_rows(header: &Self, shape: Shape, rows: Box<dyn Rows>) -> Result<Self> {
        let reader = Box::into_raw(Box::new(Mutex::new(Reader { rows, next: 0, has_failed: false })));
        // SAFETY: a new image, of which this function has the only reference until it returns. The reader belongs to
        // the image from `g_object_set_data_full` on, which frees it once, after the last call of `generate`.
        let image = unsafe {
            let raw = ffi::vips_image_new();
            ffi::g_object_set_data_full(raw.cast(), c"rows".as_ptr(), reader.cast(), Some(drop_reader));
            let image = Self::from_raw(raw);
            let hint = ffi::VipsDemandStyle_VIPS_DEMAND_STYLE_THINSTRIP;
            let mut inputs = [header.as_ptr(), ptr::null_mut()];
            if ffi::vips_image_pipeline_array(raw, hint, inputs.as_mut_ptr()) != 0 {
                return Err(failed(c"rows"));
            }
            ffi::vips_image_init_fields(
                raw,
                shape.width as i32,
                shape.height as i32,
                shape.bands as i32,
                shape.format.code(),
                ffi::VipsCoding_VIPS_CODING_NONE,
                shape.interpretation.code(),
                (*header.as_ptr()).Xres,
                (*header.as_ptr()).Yres,
            );
            if ffi::vips_image_generate(raw, None, Some(generate), None, reader.cast(), ptr::null_mut()) != 0
            {
                return Err(failed(c"rows"));
            }
            image
        };
        // keeps the last rows, and computes rows in their order
        Operation::new(c"sequential").image(c"in", &image).int(c"tile_height", ROWS_AT_A_TIME).out()
    }
}

/// Reports an error to libvips.
fn report(text: &str) {
    let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
    // SAFETY: both are C strings; the format takes one string.
    unsafe { ffi::vips_error(c"rows".as_ptr(), c"%s".as_ptr(), text.as_ptr()) };
}

unsafe extern "C" fn generate(
    region: *mut ffi::VipsRegion,
    _sequence: *mut c_void,
    reader: *mut c_void,
    _unused: *mut c_void,
    _stop: *mut ffi::gboolean,
) -> i32 {
    // a panic must not unwind into C
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the reader is alive as long as the image that it belongs to, which libvips is computing.
        let reader = unsafe { &*reader.cast::<Mutex<Reader>>() };
        let Ok(mut reader) = reader.lock() else { return Err("a decoder panicked before".into()) };
        if reader.has_failed {
            return Err("a decoder failed before".into());
        }
        // SAFETY: a live region that libvips asks to be filled.
        let filled = unsafe { fill(&mut reader, region) };
        reader.has_failed = filled.is_err();
        filled
    }));
    match outcome.unwrap_or_else(|_| Err("a decoder panicked".into())) {
        Ok(()) => 0,
        Err(text) => {
            report(&text);
            -1
        }
    }
}

/// Fills a region with the next rows.
///
/// # Safety
/// `region` is alive, and its `valid` rectangle is to be written.
unsafe fn fill(reader: &mut Reader, region: *mut ffi::VipsRegion) -> std::result::Result<(), String> {
    // SAFETY: as promised by the caller.
    let (valid, data, stride, image) =
        unsafe { ((*region).valid, (*region).data, (*region).bpl, (*region).im) };
    // SAFETY: the image of a live region; reads fields.
    let (width, row) = unsafe {
        let pixel = ffi::vips_format_sizeof_unsafe((*image).BandFmt) as usize * (*image).Bands as usize;
        ((*image).Xsize, pixel * (*image).Xsize as usize)
    };
    if valid.left != 0 || valid.width != width || valid.top != reader.next {
        return Err(format!("rows were requested out of order: {} instead of {}", valid.top, reader.next));
    }
    let (stride, count) = (stride as usize, valid.height as usize);
    if stride == row {
        // SAFETY: the rows of the region lie next to each other.
        reader.rows.read(unsafe { slice::from_raw_parts_mut(data, row * count) })?;
    } else {
        for index in 0..count {
            // SAFETY: a row of the region, `stride` bytes after the one before it.
            reader.rows.read(unsafe { slice::from_raw_parts_mut(data.add(index * stride), row) })?;
        }
    }
    reader.next += valid.height;
    Ok(())
}

unsafe extern "C" fn drop_reader(reader: *mut c_void) {
    // SAFETY: called once by GObject with the Box of `from_rows`.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(unsafe { Box::from_raw(reader.cast::<Mutex<Reader>>()) })));
}
