//! The geometry solver: from the requested size and crop to the sizes and rectangles of every step. Pure computation.

use crate::{
    params::{
        crop::crop::{Crop, Place, Region},
        value::number::round_half_up,
    },
    size::{Extent, Rect, Size},
};

/// The input of the solver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// The part of the original that is kept, with orientation applied.
    pub content: Extent,
    /// The remaining rotation after right angles, clockwise, in degrees.
    pub degrees: f64,
    /// Requested width, in device pixels.
    pub width: Option<u32>,
    /// Requested height, in device pixels.
    pub height: Option<u32>,
    /// The crop mode.
    pub crop: Option<Crop>,
    /// Whether the content may be upscaled.
    pub enlarge: Enlarge,
}

/// Whether upscaling is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enlarge {
    /// Allowed: the output has the requested size.
    Allowed,
    /// The content is never scaled by more than 1; the effect on the output size depends on the crop mode.
    Never,
}

/// The result of the solver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// The size to which the content is scaled.
    pub scaled: Size,
    /// The canvas after the free rotation.
    pub turned: Option<Size>,
    /// The crop after that.
    pub window: Option<Window>,
    /// The larger canvas in which it is embedded.
    pub canvas: Option<Canvas>,
}

/// A crop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// This rectangle.
    Fixed(Rect),
    /// The most interesting window of this size.
    Interesting(Size),
}

/// A canvas, and the position of the image on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// Size of the canvas.
    pub size: Size,
    /// From the canvas' left edge to the image's.
    pub left: u32,
    /// From the canvas' top edge to the image's.
    pub top: u32,
}

impl Geometry {
    /// The size after all steps.
    pub fn size(&self) -> Size {
        match (self.canvas, self.window) {
            (Some(canvas), _) => canvas.size,
            (None, Some(Window::Fixed(rect))) => rect.size(),
            (None, Some(Window::Interesting(size))) => size,
            (None, None) => self.turned.unwrap_or(self.scaled),
        }
    }
}

/// The error for a region that does not intersect the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoOverlap(pub Size);

/// The size of a content after a rotation, without scaling.
pub fn natural(content: Extent, degrees: f64) -> Extent {
    Turn::new(content, degrees).map_or(content, |turn| turn.canvas(1.0).rounded().into())
}

/// Solves the geometry.
pub fn solve(request: &Request) -> Result<Geometry, NoOverlap> {
    let turn = Turn::new(request.content, request.degrees);
    let zoom = turn.is_some() && request.crop == Some(Crop::Zoom);
    let base = match &turn {
        Some(turn) if !zoom => turn.canvas(1.0),
        // without upscaling, a crop of a rotated image is not scaled back
        Some(turn) if request.enlarge == Enlarge::Never => request.content.scaled(turn.fits()),
        _ => request.content,
    };
    let framed = frame(base, request);
    let placed = match &turn {
        None => {
            Geometry { scaled: framed.picture, turned: None, window: framed.window, canvas: framed.canvas }
        }
        Some(turn) if zoom => turn.zoomed(framed.picture, request.enlarge),
        Some(turn) => Geometry {
            scaled: turn.before(framed.picture, request.enlarge),
            turned: Some(framed.picture),
            window: framed.window,
            canvas: framed.canvas,
        },
    };
    match request.crop {
        Some(Crop::Region(region)) => {
            let asked = frame(base, &Request { enlarge: Enlarge::Allowed, ..*request }).picture;
            let region = shrunk(region, f64::from(framed.picture.width) / f64::from(asked.width));
            let rect = overlap(region, framed.picture).ok_or(NoOverlap(framed.picture))?;
            Ok(Geometry { window: (rect != framed.picture.rect()).then_some(Window::Fixed(rect)), ..placed })
        }
        _ => Ok(placed),
    }
}

/// A region of an image that is smaller than requested, scaled to show the same part of it.
fn shrunk(region: Region, factor: f64) -> Region {
    if factor >= 1.0 {
        return region;
    }
    let place = |place: Place| match place {
        Place::Center => Place::Center,
        Place::At(at) => Place::At(round_half_up(f64::from(at) * factor) as i32),
    };
    let side = |length: u32| round_half_up(f64::from(length) * factor).max(1.0) as u32;
    Region { x: place(region.x), y: place(region.y), width: side(region.width), height: side(region.height) }
}

/// Fits an image to the bounding box by the crop mode.
struct Framed {
    picture: Size,
    window: Option<Window>,
    canvas: Option<Canvas>,
}

fn frame(base: Extent, request: &Request) -> Framed {
    let plain = |picture| Framed { picture, window: None, canvas: None };
    let never = request.enlarge == Enlarge::Never;
    let crop = request.crop;
    match (request.width, request.height) {
        (None, None) => plain(base.rounded()),
        (Some(width), None) if never && f64::from(width) > base.width => plain(base.rounded()),
        (None, Some(height)) if never && f64::from(height) > base.height => plain(base.rounded()),
        (Some(width), None) => {
            plain(Size { width, height: side(base.height * f64::from(width) / base.width) })
        }
        (None, Some(height)) => {
            plain(Size { width: side(base.width * f64::from(height) / base.height), height })
        }
        (Some(width), Some(height)) => {
            let bounds = Size { width, height };
            let reached = if never { within(base, bounds) } else { bounds };
            match crop {
                Some(Crop::Stretch) => plain(reached),
                Some(Crop::Fit | Crop::Top | Crop::Bottom | Crop::Face | Crop::Entropy) => {
                    cut(base, reached, crop)
                }
                Some(Crop::Pad) => padded(inside(base, bounds, request.enlarge), bounds),
                _ => plain(inside(base, bounds, request.enlarge)),
            }
        }
    }
}

/// The scale factors per side at which the base has the size of the bounds.
fn factors(base: Extent, bounds: Size) -> (f64, f64) {
    (f64::from(bounds.width) / base.width, f64::from(bounds.height) / base.height)
}

/// The bounds, or the largest size of their aspect ratio for which no side of the base has to be upscaled.
fn within(base: Extent, bounds: Size) -> Size {
    let (horizontal, vertical) = factors(base, bounds);
    let factor = horizontal.max(vertical);
    if factor <= 1.0 { bounds } else { Extent::from(bounds).scaled(1.0 / factor).rounded() }
}

/// The largest size of the base's aspect ratio inside the bounds.
fn inside(base: Extent, bounds: Size, enlarge: Enlarge) -> Size {
    let (horizontal, vertical) = factors(base, bounds);
    if enlarge == Enlarge::Never && horizontal.min(vertical) > 1.0 {
        return base.rounded();
    }
    if horizontal <= vertical {
        Size { width: bounds.width, height: side(base.height * horizontal).min(bounds.height) }
    } else {
        Size { width: side(base.width * vertical).min(bounds.width), height: bounds.height }
    }
}

/// The smallest size of the base's aspect ratio that covers the bounds, cropped to them.
fn cut(base: Extent, bounds: Size, crop: Option<Crop>) -> Framed {
    let (horizontal, vertical) = factors(base, bounds);
    let picture = if horizontal >= vertical {
        Size { width: bounds.width, height: side(base.height * horizontal).max(bounds.height) }
    } else {
        Size { width: side(base.width * vertical).max(bounds.width), height: bounds.height }
    };
    if picture == bounds {
        return Framed { picture, window: None, canvas: None };
    }
    let (spare_x, spare_y) = (picture.width - bounds.width, picture.height - bounds.height);
    let (left, top) = match crop {
        Some(Crop::Top) => (spare_x / 2, 0),
        Some(Crop::Bottom) => (spare_x / 2, spare_y),
        _ => (spare_x / 2, spare_y / 2),
    };
    let rect = Rect { left, top, width: bounds.width, height: bounds.height };
    let interesting = matches!(crop, Some(Crop::Face | Crop::Entropy));
    let window = if interesting { Window::Interesting(bounds) } else { Window::Fixed(rect) };
    Framed { picture, window: Some(window), canvas: None }
}

fn padded(picture: Size, bounds: Size) -> Framed {
    let canvas = (picture != bounds).then(|| Canvas {
        size: bounds,
        left: (bounds.width - picture.width) / 2,
        top: (bounds.height - picture.height) / 2,
    });
    Framed { picture, window: None, canvas }
}

/// The intersection of a region with the image.
fn overlap(region: Region, picture: Size) -> Option<Rect> {
    let span = |place: Place, length: u32, whole: u32| {
        let (length, whole) = (i64::from(length), i64::from(whole));
        let start = match place {
            Place::Center => (whole - length).div_euclid(2),
            Place::At(at) => at.into(),
        };
        let (from, to) = (start.max(0), (start + length).min(whole));
        (to > from).then_some((from as u32, (to - from) as u32))
    };
    let (left, width) = span(region.x, region.width, picture.width)?;
    let (top, height) = span(region.y, region.height, picture.height)?;
    Some(Rect { left, top, width, height })
}

/// A rotation by an angle other than a right angle.
struct Turn {
    content: Extent,
    cosine: f64,
    sine: f64,
}

impl Turn {
    fn new(content: Extent, degrees: f64) -> Option<Self> {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        (degrees.abs() > 1e-9).then(|| Self { content, cosine: cosine.abs(), sine: sine.abs() })
    }

    /// The bounding box of the scaled and rotated content.
    fn canvas(&self, factor: f64) -> Extent {
        let Extent { width, height } = self.content.scaled(factor);
        Extent {
            width: width * self.cosine + height * self.sine,
            height: width * self.sine + height * self.cosine,
        }
    }

    /// The size of the content whose rotated canvas is `turned`: the scale is the larger one of both sides, and the
    /// canvas is stretched to its exact size afterwards.
    fn before(&self, turned: Size, enlarge: Enlarge) -> Size {
        let (horizontal, vertical) = factors(self.canvas(1.0), turned);
        self.bounded(self.content.scaled(horizontal.max(vertical)).rounded(), enlarge)
    }

    /// Without upscaling, rounding to whole pixels after the rotation must not upscale the content either: a
    /// pixel can be many times the ideal length of a side.
    fn bounded(&self, scaled: Size, enlarge: Enlarge) -> Size {
        let own = self.content.rounded();
        match enlarge {
            Enlarge::Allowed => scaled,
            Enlarge::Never => {
                Size { width: scaled.width.min(own.width), height: scaled.height.min(own.height) }
            }
        }
    }

    /// The largest upright rectangle of the content's aspect ratio inside the rotated content, relative to the
    /// content's size.
    ///
    /// A rectangle of k times the content's sides fits inside the rotated content if its own rotated bounding box fits
    /// inside the content: k = min(w / (w cos + h sin), h / (w sin + h cos)).
    fn fits(&self) -> f64 {
        let canvas = self.canvas(1.0);
        (self.content.width / canvas.width).min(self.content.height / canvas.height)
    }

    /// `picture`, of the content's shape, as the largest upright rectangle without blank corners.
    fn zoomed(&self, picture: Size, enlarge: Enlarge) -> Geometry {
        let scaled = self.bounded(Extent::from(picture).scaled(1.0 / self.fits()).rounded(), enlarge);
        let turn = Self { content: scaled.into(), ..*self };
        let turned = turn.canvas(1.0).rounded();
        let rect = Rect {
            left: turned.width.saturating_sub(picture.width) / 2,
            top: turned.height.saturating_sub(picture.height) / 2,
            width: picture.width.min(turned.width),
            height: picture.height.min(turned.height),
        };
        Geometry { scaled, turned: Some(turned), window: Some(Window::Fixed(rect)), canvas: None }
    }
}

/// A side in whole pixels, never less than one.
fn side(length: f64) -> u32 {
    round_half_up(length).clamp(1.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
#[path = "geometry_tests.rs"]
mod tests;
