//! Text drawn by pango.

use std::ffi::CString;

use crate::{Error, Image, Operation, Result, Value};

/// At this resolution a point of a font's size is a pixel.
pub const POINT_IS_PIXEL_DPI: u32 = 72;

impl Image {
    /// Draws text as a picture of four bands, as small as its ink and line height allow.
    ///
    /// `markup` is Pango's, so what is to be text must have been escaped; `font` is a Pango font description. Text
    /// without ink, `"  "` say, is an error.
    pub fn letters(markup: &str, font: &str, dpi: u32) -> Result<Self> {
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
