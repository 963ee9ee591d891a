//! Text rendering by Pango.

use std::ffi::CString;

use crate::{Error, Image, Operation, Result, Value};

/// The resolution at which a point of a font size is a pixel.
pub const POINT_IS_PIXEL_DPI: u32 = 72;

impl Image {
    /// Renders text as an RGBA image, as small as its ink and line height allow.
    ///
    /// `markup` is Pango markup, so plain text must be escaped; `font` is a Pango font description, for example `Sans
    /// Bold 20`.
    ///
    /// # Errors
    ///
    /// For invalid markup, zero bytes, and text without ink.
    pub fn text_rgba(markup: &str, font: &str, dpi: u32) -> Result<Self> {
        let detail = || Error::Operation { operation: "text".into(), detail: "text with a zero byte".into() };
        let markup = CString::new(markup).map_err(|_| detail())?;
        let font = CString::new(font).map_err(|_| detail())?;
        Operation::new(c"text")
            .with(c"text", Value::Text(&markup))
            .with(c"font", Value::Text(&font))
            .int(c"dpi", dpi.clamp(1, i32::MAX as u32) as i32)
            .bool(c"rgba", true)
            .out()
    }
}
