//! The solver: from sizes and what is asked for to the sizes and rectangles of every step. Pure numbers.

use crate::{
    params::{
        crop::crop::{Crop, Place, Region},
        value::number::round_half_up,
    },
    size::{Extent, Rect, Size},
};

/// What is asked of the solver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// The part of the original that is kept, upright and right-angle turns applied.
    pub content: Extent,
    /// What is left of the turn after right angles, clockwise, in degrees.
    pub degrees: f64,
    /// Width asked for, device pixels.
    pub width: Option<u32>,
    /// Height asked for, device pixels.
    pub height: Option<u32>,
    /// How to cut.
    pub crop: Option<Crop>,
    /// Whether the content may become larger than it is.
    pub enlarge: Enlarge,
}

/// Whether pixels may be made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enlarge {
    /// The answer has the size that was asked for.
    Allowed,
    /// The content is never scaled by more than 1; what that means for the answer depends on the crop.
    Never,
}

/// What every step of the geometry makes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// The content is scaled to this.
    pub scaled: Size,
    /// Then turned freely; the canvas becomes this.
    pub turned: Option<Size>,
    /// Then cut.
    pub window: Option<Window>,
    /// Then put on a larger canvas.
    pub canvas: Option<Canvas>,
}

/// What is cut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// This rectangle.
    Fixed(Rect),
    /// The most interesting window of this size.
    Interesting(Size),
}

/// A canvas, and where the picture lies on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// The canvas.
    pub size: Size,
    /// From its left edge to the picture's.
    pub left: u32,
    /// From its top edge to the picture's.
    pub top: u32,
}

impl Geometry {
    /// The size after all of it.
    pub fn size(&self) -> Size {
        match (self.canvas, self.window) {
            (Some(canvas), _) => canvas.size,
            (None, Some(Window::Fixed(rect))) => rect.size(),
            (None, Some(Window::Interesting(size))) => size,
            (None, None) => self.turned.unwrap_or(self.scaled),
        }
    }
}

/// A region that does not touch the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoOverlap(pub Size);

/// The size of a content after a turn, when nothing scales it.
pub fn natural(content: Extent, degrees: f64) -> Extent {
    Turn::new(content, degrees).map_or(content, |turn| turn.canvas(1.0).rounded().into())
}

/// Solves.
pub fn solve(request: &Request) -> Result<Geometry, NoOverlap> {
    let turn = Turn::new(request.content, request.degrees);
    let zoom = turn.is_some() && request.crop == Some(Crop::Zoom);
    let base = match &turn {
        Some(turn) if !zoom => turn.canvas(1.0),
        // what is cut out of a turned picture is not scaled back where nothing may be enlarged
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

/// A region of a picture that came out smaller than it was asked for: it shows the same part of it.
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

/// A picture's size in a box, and what is done to make it the box.
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

/// Factors a side by which the base becomes as large as the bounds.
fn factors(base: Extent, bounds: Size) -> (f64, f64) {
    (f64::from(bounds.width) / base.width, f64::from(bounds.height) / base.height)
}

/// The bounds, or the largest of their shape that no side of the base has to be enlarged for.
fn within(base: Extent, bounds: Size) -> Size {
    let (horizontal, vertical) = factors(base, bounds);
    let factor = horizontal.max(vertical);
    if factor <= 1.0 { bounds } else { Extent::from(bounds).scaled(1.0 / factor).rounded() }
}

/// The largest size of the base's shape inside the bounds.
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

/// The smallest size of the base's shape that covers the bounds, cut to them.
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

/// The part of a region that lies on a picture.
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

/// A turn by something else than right angles.
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

    /// The box around the content, scaled and turned.
    fn canvas(&self, factor: f64) -> Extent {
        let Extent { width, height } = self.content.scaled(factor);
        Extent {
            width: width * self.cosine + height * self.sine,
            height: width * self.sine + height * self.cosine,
        }
    }

    /// The size of the content that gives a canvas of `turned`: the scale is the larger of the two sides', and the
    /// canvas is brought to its exact size afterwards.
    fn before(&self, turned: Size, enlarge: Enlarge) -> Size {
        let (horizontal, vertical) = factors(self.canvas(1.0), turned);
        self.bounded(self.content.scaled(horizontal.max(vertical)).rounded(), enlarge)
    }

    /// Where nothing may be enlarged, whole pixels of what comes after the turn must not enlarge the content either: a
    /// pixel can be many times what a side should be.
    fn bounded(&self, scaled: Size, enlarge: Enlarge) -> Size {
        let own = self.content.rounded();
        match enlarge {
            Enlarge::Allowed => scaled,
            Enlarge::Never => {
                Size { width: scaled.width.min(own.width), height: scaled.height.min(own.height) }
            }
        }
    }

    /// The part of its own size that an upright rectangle of the content's shape has inside the turned content.
    ///
    /// A rectangle of k times the content's sides fits inside the turned content when its own turned box fits inside
    /// the content: k = min(w / (w cos + h sin), h / (w sin + h cos)).
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
