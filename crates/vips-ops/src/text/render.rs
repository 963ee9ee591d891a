//! A text as a picture.

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

/// Size at which a text is measured, in pixels: letters have their shape, and the longest text is small.
const MEASURED_AT: f64 = 20.0;

/// Largest size of letters, in pixels: cairo draws no picture of more than 32767.
const LARGEST: f64 = 12_000.0;

/// How large a text will be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextLayout {
    /// Its size, turned.
    pub(crate) size: Size,
    /// Size of its letters in pixels.
    letters: f64,
}

/// Lays out a text in small letters, to know how large it is when it has the size that the overlay's bounds ask for.
pub(crate) fn layout(text: &Text, overlay: &Overlay, limits: &Limits) -> Result<TextLayout> {
    let measured = turned_size(&letters(text, MEASURED_AT)?, overlay.angle);
    let own = |side: u32| (f64::from(side) * text.font.size() / MEASURED_AT).round().max(1.0) as u32;
    let natural = Size { width: own(measured.width), height: own(measured.height) };
    let fitted = overlay.fitted(natural.into());
    within("the pixels of a text", fitted.pixels(), "limits.max_pixels allows", limits.max_pixels)?;
    let factor = f64::from(fitted.width.max(fitted.height)) / f64::from(measured.width.max(measured.height));
    Ok(TextLayout { size: fitted, letters: (MEASURED_AT * factor).min(LARGEST) })
}

/// Draws a text as it was measured. Letters are drawn at that very size, so they are sharp whatever size the font was
/// given.
pub(crate) fn render(text: &Text, overlay: &Overlay, measured: TextLayout) -> Result<Image> {
    let image = turned(letters(text, measured.letters)?, overlay.angle)?;
    inside(image, measured.size)
}

fn letters(text: &Text, size: f64) -> Result<Image> {
    let description = text.font.description(size);
    Image::letters(&markup(text), &description, POINT_IS_PIXEL_DPI).map_err(Error::of_pixels)
}

/// Letters grow in steps: what came out larger than it should is shrunk.
fn inside(image: Image, bounds: Size) -> Result<Image> {
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

/// The upright box around a turned picture.
fn turned_size(image: &Image, angle: f64) -> Size {
    let (sine, cosine) = angle.to_radians().sin_cos();
    let (width, height) = (f64::from(image.width()), f64::from(image.height()));
    let whole = |length: f64| length.round().max(1.0) as u32;
    Size {
        width: whole(width * cosine.abs() + height * sine.abs()),
        height: whole(width * sine.abs() + height * cosine.abs()),
    }
}

/// The text in Pango's markup, of which it is to use nothing but the colour.
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
            // markup is XML, which has no other control characters
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => markup.push(c),
        }
    }
    markup + "</span>"
}
