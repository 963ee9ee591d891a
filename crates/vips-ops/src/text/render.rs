//! Renders a text as an image.

use vips::{BandFormat, Image, ops::POINT_IS_PIXEL_DPI};

use crate::{
    error::within,
    error::{Error, Result},
    params::value::layer::Text,
    plan::overlay::Overlay,
    settings::Limits,
    size::Size,
    steps::{alpha, resize},
};

/// Font size in pixels at which a text is measured: large enough that letters keep their shape, small enough that the
/// longest text stays small.
const MEASURED_AT: f64 = 20.0;

/// Largest font size in pixels: cairo cannot create surfaces with sides above 32,767 pixels.
const LARGEST: f64 = 12_000.0;

/// The measured layout of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextLayout {
    /// Its size in pixels after rotation.
    pub(crate) size: Size,
    /// Font size in pixels.
    letters: f64,
}

/// Measures a text at a small font size, and computes the font size at which it fits the overlay's bounds.
pub(crate) fn layout(text: &Text, overlay: &Overlay, limits: &Limits) -> Result<TextLayout> {
    let measured = turned_size(&letters(text, MEASURED_AT)?, overlay.angle);
    let own = |side: u32| (f64::from(side) * text.font.size() / MEASURED_AT).round().max(1.0) as u32;
    let natural = Size { width: own(measured.width), height: own(measured.height) };
    let fitted = overlay.fitted(natural.into());
    within("the pixels of a text", fitted.pixels(), "limits.max_pixels allows", limits.max_pixels)?;
    let factor = f64::from(fitted.width.max(fitted.height)) / f64::from(measured.width.max(measured.height));
    Ok(TextLayout { size: fitted, letters: (MEASURED_AT * factor).min(LARGEST) })
}

/// Renders a text with a measured layout. Letters are rendered at the final size, so they are sharp whatever font size
/// was requested.
pub(crate) fn render(text: &Text, overlay: &Overlay, measured: TextLayout) -> Result<Image> {
    let image = turned(letters(text, measured.letters)?, overlay.angle)?;
    fitted(image, measured.size)
}

fn letters(text: &Text, size: f64) -> Result<Image> {
    let description = text.font.description(size);
    Image::text_rgba(&markup(text), &description, POINT_IS_PIXEL_DPI).map_err(Error::of_pixels)
}

/// Font sizes are hinted in steps: a text that came out larger than planned is scaled down.
fn fitted(image: Image, bounds: Size) -> Result<Image> {
    let across = f64::from(bounds.width) / f64::from(image.width());
    let down = f64::from(bounds.height) / f64::from(image.height());
    let factor = across.min(down);
    if factor >= 1.0 {
        return Ok(image);
    }
    let shrunk = |side: u32| (f64::from(side) * factor).round().max(1.0) as u32;
    let target = Size { width: shrunk(image.width()), height: shrunk(image.height()) };
    resize::to(&image, target).map_err(Error::of_pixels)
}

fn turned(image: Image, angle: f64) -> Result<Image> {
    if angle == 0.0 {
        return Ok(image);
    }
    let transparent = [0.0; 4];
    alpha::premultiplied(&image, |image| image.rotate(angle, &transparent))
        .and_then(|image| image.cast(BandFormat::Uchar))
        .map_err(Error::of_pixels)
}

/// The bounding box of a rotated image.
fn turned_size(image: &Image, angle: f64) -> Size {
    let (sine, cosine) = angle.to_radians().sin_cos();
    let (width, height) = (f64::from(image.width()), f64::from(image.height()));
    let whole = |length: f64| length.round().max(1.0) as u32;
    Size {
        width: whole(width * cosine.abs() + height * sine.abs()),
        height: whole(width * sine.abs() + height * cosine.abs()),
    }
}

/// Escapes the text as Pango markup, of which only the colour is used.
fn markup(text: &Text) -> String {
    let colour = text.colour;
    let mut markup =
        format!("<span foreground=\"#{:02x}{:02x}{:02x}\">", colour.red, colour.green, colour.blue);
    for c in text.text.chars() {
        match c {
            '<' => markup.push_str("&lt;"),
            '>' => markup.push_str("&gt;"),
            '&' => markup.push_str("&amp;"),
            '\n' | '\t' => markup.push(c),
            // XML allows no other control characters
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => markup.push(c),
        }
    }
    markup + "</span>"
}
