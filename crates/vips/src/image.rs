//! The image: an immutable value whose pixels are computed on demand.

use std::ffi::CStr;

use libvips_rs::bindings as ffi;

use crate::error::{Error, Result, failed};

/// A libvips image.
///
/// Cloning is cheap: it takes a reference. The value is immutable: every operation creates a new image, and metadata is
/// changed on a private copy only ([`Image::edit`]), which makes sharing between threads sound.
pub struct Image(*mut ffi::VipsImage);

// SAFETY: libvips documents that images may be shared between threads as long as none modifies them, and that
// reference counts are atomic. Nothing in this crate modifies an image that another holder can see.
unsafe impl Send for Image {}
// SAFETY: as above.
unsafe impl Sync for Image {}

/// The number format of a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BandFormat {
    /// 8 bits unsigned.
    Uchar,
    /// 8 bits signed.
    Char,
    /// 16 bits unsigned.
    Ushort,
    /// 16 bits signed.
    Short,
    /// 32 bits signed.
    Int,
    /// 32 bits unsigned.
    Uint,
    /// 32-bit float.
    Float,
    /// 64-bit float.
    Double,
    /// Any other of libvips' formats.
    Other(i32),
}

impl BandFormat {
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::Uchar => ffi::VipsBandFormat_VIPS_FORMAT_UCHAR,
            Self::Char => ffi::VipsBandFormat_VIPS_FORMAT_CHAR,
            Self::Ushort => ffi::VipsBandFormat_VIPS_FORMAT_USHORT,
            Self::Short => ffi::VipsBandFormat_VIPS_FORMAT_SHORT,
            Self::Int => ffi::VipsBandFormat_VIPS_FORMAT_INT,
            Self::Uint => ffi::VipsBandFormat_VIPS_FORMAT_UINT,
            Self::Float => ffi::VipsBandFormat_VIPS_FORMAT_FLOAT,
            Self::Double => ffi::VipsBandFormat_VIPS_FORMAT_DOUBLE,
            Self::Other(code) => code,
        }
    }

    fn from_code(code: i32) -> Self {
        let known = [Self::Uchar, Self::Char, Self::Ushort, Self::Short, Self::Int, Self::Uint];
        known
            .into_iter()
            .chain([Self::Float, Self::Double])
            .find(|format| format.code() == code)
            .unwrap_or(Self::Other(code))
    }
}

/// The meaning of the bands of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpretation {
    /// Greyscale, 8 bits.
    Grey,
    /// sRGB, 8 bits.
    Srgb,
    /// sRGB, 16 bits.
    Rgb16,
    /// Greyscale, 16 bits.
    Grey16,
    /// Cyan, magenta, yellow, black.
    Cmyk,
    /// Linear-light sRGB (scRGB) as floats.
    ScRgb,
    /// CIE Lab as floats.
    Lab,
    /// Any other of libvips' interpretations.
    Other(i32),
}

impl Interpretation {
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::Grey => ffi::VipsInterpretation_VIPS_INTERPRETATION_B_W,
            Self::Srgb => ffi::VipsInterpretation_VIPS_INTERPRETATION_sRGB,
            Self::Rgb16 => ffi::VipsInterpretation_VIPS_INTERPRETATION_RGB16,
            Self::Grey16 => ffi::VipsInterpretation_VIPS_INTERPRETATION_GREY16,
            Self::Cmyk => ffi::VipsInterpretation_VIPS_INTERPRETATION_CMYK,
            Self::ScRgb => ffi::VipsInterpretation_VIPS_INTERPRETATION_scRGB,
            Self::Lab => ffi::VipsInterpretation_VIPS_INTERPRETATION_LAB,
            Self::Other(code) => code,
        }
    }

    /// libvips' nickname, for example `srgb`.
    pub fn name(self) -> &'static str {
        // SAFETY: the nicknames of a registered type live as long as the process; an unknown code has a text too.
        let name = unsafe {
            let kind = ffi::vips_interpretation_get_type();
            CStr::from_ptr(ffi::vips_enum_nick(kind, self.code()))
        };
        name.to_str().unwrap_or_default()
    }

    fn from_code(code: i32) -> Self {
        [Self::Grey, Self::Srgb, Self::Rgb16, Self::Grey16, Self::Cmyk, Self::ScRgb, Self::Lab]
            .into_iter()
            .find(|interpretation| interpretation.code() == code)
            .unwrap_or(Self::Other(code))
    }
}

impl Image {
    /// Takes over one reference to a non-null image.
    pub(crate) fn from_raw(raw: *mut ffi::VipsImage) -> Self {
        Self(raw)
    }

    pub(crate) fn as_ptr(&self) -> *mut ffi::VipsImage {
        self.0
    }

    /// An image from a copy of 8-bit `pixels`: rows from the top, pixels from the left, `bands` bytes per pixel.
    ///
    /// # Errors
    ///
    /// If the number of bytes does not match the shape.
    pub fn from_pixels(pixels: &[u8], width: u32, height: u32, bands: u32) -> Result<Self> {
        let expected = u64::from(width) * u64::from(height) * u64::from(bands);
        if pixels.len() as u64 != expected {
            let detail = format!("{} bytes for {width}x{height}x{bands}", pixels.len());
            return Err(Error::Operation { operation: "from_pixels".into(), detail });
        }
        // SAFETY: the block has the size that its shape says; libvips copies it.
        let raw = unsafe {
            ffi::vips_image_new_from_memory_copy(
                pixels.as_ptr().cast(),
                pixels.len() as u64,
                width as i32,
                height as i32,
                bands as i32,
                BandFormat::Uchar.code(),
            )
        };
        if raw.is_null() { Err(failed(c"from_pixels")) } else { Ok(Self(raw)) }
    }

    /// A matrix of numbers with `rows` rows, for operations that take one.
    ///
    /// # Errors
    ///
    /// If the numbers do not fill the rows.
    pub fn matrix(numbers: &[f64], rows: u32) -> Result<Self> {
        let columns = numbers.len() as u32 / rows.max(1);
        if u64::from(columns) * u64::from(rows) != numbers.len() as u64 || columns == 0 {
            let detail = format!("{} numbers in {rows} rows", numbers.len());
            return Err(Error::Operation { operation: "matrix".into(), detail });
        }
        // SAFETY: the list holds as many numbers as its shape says; libvips copies it.
        let raw = unsafe {
            ffi::vips_image_new_matrix_from_array(
                columns as i32,
                rows as i32,
                numbers.as_ptr(),
                numbers.len() as i32,
            )
        };
        if raw.is_null() { Err(failed(c"matrix")) } else { Ok(Self(raw)) }
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        // SAFETY: reads a field of a live image, as do the calls below.
        unsafe { ffi::vips_image_get_width(self.0) as u32 }
    }

    /// Height in pixels, over all frames if they are stacked.
    pub fn height(&self) -> u32 {
        // SAFETY: see `width`.
        unsafe { ffi::vips_image_get_height(self.0) as u32 }
    }

    /// Bands (channels) per pixel, alpha included.
    pub fn bands(&self) -> u32 {
        // SAFETY: see `width`.
        unsafe { ffi::vips_image_get_bands(self.0) as u32 }
    }

    /// The number format of the bands.
    pub fn format(&self) -> BandFormat {
        // SAFETY: see `width`.
        BandFormat::from_code(unsafe { ffi::vips_image_get_format(self.0) })
    }

    /// The meaning of the bands.
    pub fn interpretation(&self) -> Interpretation {
        // SAFETY: see `width`.
        Interpretation::from_code(unsafe { ffi::vips_image_get_interpretation(self.0) })
    }

    /// Pixels per millimetre, horizontally and vertically.
    pub fn resolution(&self) -> (f64, f64) {
        // SAFETY: see `width`.
        unsafe { (ffi::vips_image_get_xres(self.0), ffi::vips_image_get_yres(self.0)) }
    }

    /// libvips' hint of the position of the origin, x and y.
    pub(crate) fn offset(&self) -> (i32, i32) {
        // SAFETY: see `width`.
        unsafe { (ffi::vips_image_get_xoffset(self.0), ffi::vips_image_get_yoffset(self.0)) }
    }

    /// Whether the last band is alpha.
    pub fn has_alpha(&self) -> bool {
        // SAFETY: see `width`.
        unsafe { ffi::vips_image_hasalpha(self.0) != 0 }
    }

    /// Height of one frame in pixels: the whole height for a still image.
    pub fn page_height(&self) -> u32 {
        // SAFETY: see `width`.
        unsafe { ffi::vips_image_get_page_height(self.0) as u32 }
    }
}

impl Clone for Image {
    fn clone(&self) -> Self {
        // SAFETY: the image is alive; the new reference is the clone's.
        unsafe { ffi::g_object_ref(self.0.cast()) };
        Self(self.0)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: one reference is ours.
        unsafe { ffi::g_object_unref(self.0.cast()) }
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({}x{}, {} bands, ", self.width(), self.height(), self.bands())?;
        write!(f, "{:?}, {:?})", self.format(), self.interpretation())
    }
}
