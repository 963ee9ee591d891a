//! Sizes and rectangles in pixels.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Width and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl Size {
    /// Pixels in all.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The whole as a rectangle.
    pub fn rect(self) -> Rect {
        Rect { left: 0, top: 0, width: self.width, height: self.height }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.width, self.height)
    }
}

/// A part of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// From the left edge.
    pub left: u32,
    /// From the top edge.
    pub top: u32,
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
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

/// A part of a picture whose edges may lie between pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// From the left edge, in pixels.
    pub left: f64,
    /// From the top edge, in pixels.
    pub top: f64,
    /// From left to right, in pixels.
    pub width: f64,
    /// From top to bottom, in pixels.
    pub height: f64,
}
