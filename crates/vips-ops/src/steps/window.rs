//! Cutting.

use vips::{Image, Result, ops::Interesting};

use crate::{plan::geometry::Window, size::Rect};

/// Cuts a rectangle.
pub fn cut(image: &Image, rect: Rect) -> Result<Image> {
    image.extract_area(rect.left, rect.top, rect.width, rect.height)
}

/// The rectangle that a window is on this picture. The most interesting one is looked for by entropy.
pub fn locate(image: &Image, window: Window) -> Result<Rect> {
    match window {
        Window::Fixed(rect) => Ok(rect),
        Window::Interesting(size) => {
            let found = image.smartcrop(size.width, size.height, Interesting::Entropy)?;
            let (left, top) = found.origin();
            Ok(Rect { left, top, width: size.width, height: size.height })
        }
    }
}
