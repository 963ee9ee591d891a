//! Cutting.

use vips::{Image, Result};

use crate::{plan::geometry::Window, size::Rect, steps::subject};

/// Cuts a rectangle.
pub fn cut(image: &Image, rect: Rect) -> Result<Image> {
    image.extract_area(rect.left, rect.top, rect.width, rect.height)
}

/// The rectangle that a window is on this picture. The most interesting one is looked for.
pub fn locate(image: &Image, window: Window) -> Result<Rect> {
    match window {
        Window::Fixed(rect) => Ok(rect),
        Window::Interesting(size) => subject::window(image, size),
    }
}
