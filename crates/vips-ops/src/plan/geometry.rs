//! The solver: from sizes and wishes to the sizes and rectangles of every step. Pure numbers.

use crate::{
    params::{
        crop::crop::{Crop, Place, Region},
        value::number::round_half_up,
    },
    size::{Rect, Size},
};

/// What is asked of the solver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// The part of the original that is kept, upright and right-angle turns applied.
    pub content: Size,
    /// What is left of the turn after right angles, clockwise, in degrees.
    pub degrees: f64,
    /// Width asked for, device pixels.
    pub width: Option<u32>,
    /// Height asked for, device pixels.
    pub height: Option<u32>,
    /// How to cut.
    pub crop: Option<Crop>,
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

/// Solves.
pub fn solve(wish: &Wish) -> Result<Geometry, NoOverlap> {
    let turn = Turn::new(wish.content, wish.degrees);
    let zoom = turn.is_some() && wish.crop == Some(Crop::Zoom);
    let base = match &turn {
        Some(turn) if !zoom => turn.canvas(1.0, 1.0),
        _ => (f64::from(wish.content.width), f64::from(wish.content.height)),
    };
    let framed = frame(base, wish.width, wish.height, wish.crop);
    let placed = match &turn {
        None => {
            Geometry { scaled: framed.picture, turned: None, window: framed.window, canvas: framed.canvas }
        }
        Some(turn) if zoom => turn.zoomed(framed.picture),
        Some(turn) => Geometry {
            scaled: turn.before(framed.picture),
            turned: Some(framed.picture),
            window: framed.window,
            canvas: framed.canvas,
        },
    };
    match wish.crop {
        Some(Crop::Region(region)) => {
            let rect = overlap(region, framed.picture).ok_or(NoOverlap(framed.picture))?;
            Ok(Geometry { window: (rect != framed.picture.rect()).then_some(Window::Fixed(rect)), ..placed })
        }
        _ => Ok(placed),
    }
}

/// A picture's size in a box, and what is done to make it the box.
struct Framed {
    picture: Size,
    window: Option<Window>,
    canvas: Option<Canvas>,
}

fn frame(base: (f64, f64), width: Option<u32>, height: Option<u32>, crop: Option<Crop>) -> Framed {
    let plain = |picture| Framed { picture, window: None, canvas: None };
    let (wide, high) = base;
    match (width, height) {
        (None, None) => plain(size(wide, high)),
        (Some(width), None) => plain(Size { width, height: side(high * f64::from(width) / wide) }),
        (None, Some(height)) => plain(Size { width: side(wide * f64::from(height) / high), height }),
        (Some(width), Some(height)) => {
            let bounds = Size { width, height };
            match crop {
                Some(Crop::Stretch) => plain(bounds),
                Some(Crop::Fit | Crop::Top | Crop::Bottom | Crop::Face | Crop::Entropy) => {
                    cut(base, bounds, crop)
                }
                Some(Crop::Pad) => padded(inside(base, bounds), bounds),
                _ => plain(inside(base, bounds)),
            }
        }
    }
}

/// The largest size of the base's shape inside the bounds.
fn inside(base: (f64, f64), bounds: Size) -> Size {
    let (horizontal, vertical) = (f64::from(bounds.width) / base.0, f64::from(bounds.height) / base.1);
    if horizontal <= vertical {
        Size { width: bounds.width, height: side(base.1 * horizontal).min(bounds.height) }
    } else {
        Size { width: side(base.0 * vertical).min(bounds.width), height: bounds.height }
    }
}

/// The smallest size of the base's shape that covers the bounds, cut to them.
fn cut(base: (f64, f64), bounds: Size, crop: Option<Crop>) -> Framed {
    let (horizontal, vertical) = (f64::from(bounds.width) / base.0, f64::from(bounds.height) / base.1);
    let picture = if horizontal >= vertical {
        Size { width: bounds.width, height: side(base.1 * horizontal).max(bounds.height) }
    } else {
        Size { width: side(base.0 * vertical).max(bounds.width), height: bounds.height }
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
    content: Size,
    cosine: f64,
    sine: f64,
}

impl Turn {
    fn new(content: Size, degrees: f64) -> Option<Self> {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        (degrees.abs() > 1e-9).then(|| Self { content, cosine: cosine.abs(), sine: sine.abs() })
    }

    /// The box around the content, scaled by a factor a side and turned.
    fn canvas(&self, horizontal: f64, vertical: f64) -> (f64, f64) {
        let (wide, high) =
            (f64::from(self.content.width) * horizontal, f64::from(self.content.height) * vertical);
        (wide * self.cosine + high * self.sine, wide * self.sine + high * self.cosine)
    }

    /// The size of the content that gives a canvas of `turned`: the scale is the larger of the two sides', and the
    /// canvas is brought to its exact size afterwards.
    fn before(&self, turned: Size) -> Size {
        let (wide, high) = self.canvas(1.0, 1.0);
        let scale = (f64::from(turned.width) / wide).max(f64::from(turned.height) / high);
        size(f64::from(self.content.width) * scale, f64::from(self.content.height) * scale)
    }

    /// `picture`, of the content's shape, as the largest upright rectangle without blank corners.
    ///
    /// A rectangle of k times the content's sides fits inside the turned content when its own turned box fits inside
    /// the content: k = min(w / (w cos + h sin), h / (w sin + h cos)).
    fn zoomed(&self, picture: Size) -> Geometry {
        let (wide, high) = (f64::from(self.content.width), f64::from(self.content.height));
        let (canvas_wide, canvas_high) = self.canvas(1.0, 1.0);
        let fits = (wide / canvas_wide).min(high / canvas_high);
        let scaled = size(f64::from(picture.width) / fits, f64::from(picture.height) / fits);
        let turn = Self { content: scaled, ..*self };
        let (turned_wide, turned_high) = turn.canvas(1.0, 1.0);
        let turned = size(turned_wide, turned_high);
        let rect = Rect {
            left: turned.width.saturating_sub(picture.width) / 2,
            top: turned.height.saturating_sub(picture.height) / 2,
            width: picture.width.min(turned.width),
            height: picture.height.min(turned.height),
        };
        Geometry { scaled, turned: Some(turned), window: Some(Window::Fixed(rect)), canvas: None }
    }
}

fn size(wide: f64, high: f64) -> Size {
    Size { width: side(wide), height: side(high) }
}

/// A side in whole pixels, never less than one.
fn side(length: f64) -> u32 {
    round_half_up(length).clamp(1.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
#[path = "geometry_tests.rs"]
mod tests;
