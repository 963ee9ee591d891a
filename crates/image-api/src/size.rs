//! Sizes and rectangles in pixels.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::params::value::number::round_half_up;

/// Width and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Size {
    /// Number of pixels.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The rectangle that covers all of it.
    pub fn rect(self) -> Rect {
        Rect { left: 0, top: 0, width: self.width, height: self.height }
    }
}

/// A fractional size: that of an SVG, or a scaled one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Extent {
    /// The size rounded to whole pixels, halves up, at least one pixel per side.
    pub fn rounded(self) -> Size {
        let side = |length: f64| round_half_up(length).clamp(1.0, f64::from(u32::MAX)) as u32;
        Size { width: side(self.width), height: side(self.height) }
    }

    /// Both sides multiplied by a factor.
    pub fn scaled(self, factor: f64) -> Self {
        Self { width: self.width * factor, height: self.height * factor }
    }
}

impl From<Size> for Extent {
    fn from(size: Size) -> Self {
        Self { width: size.width.into(), height: size.height.into() }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.width, self.height)
    }
}

/// A part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// From the left edge.
    pub left: u32,
    /// From the top edge.
    pub top: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Rect {
    /// Its size.
    pub fn size(self) -> Size {
        Size { width: self.width, height: self.height }
    }
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {},{}", self.size(), self.left, self.top)
    }
}

/// A part of an image with fractional edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// From the left edge, in pixels.
    pub left: f64,
    /// From the top edge, in pixels.
    pub top: f64,
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
}
