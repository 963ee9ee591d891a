//! The pixels that an SVG document is drawn on.

use super::{matrix::Bounds, weights::TILE};
use crate::size::{Extent, Rect};

/// The image that the document is rendered to.
#[derive(Debug, Clone, Copy)]
pub struct Canvas {
    /// The size stated by the document.
    pub stated: (f64, f64),
    /// Its size in pixels.
    pub width: f64,
    pub height: f64,
    /// The requested pixels; others are never rendered.
    pub requested: Bounds,
    /// The number of tiles, for each of which the document is rendered once.
    pub tiles: f64,
}

impl Canvas {
    pub fn new(stated: Extent, scale: f64, part: Option<Rect>) -> Self {
        let Extent { width, height } = stated.scaled(scale);
        let whole = Bounds::new(0.0, 0.0, width, height);
        // a tile is rendered completely, and begins at a multiple of its size
        let down = |at: u32| (f64::from(at) / TILE).floor() * TILE;
        let up = |at: u32| (f64::from(at) / TILE).ceil() * TILE;
        let requested = part.map_or(whole, |part| {
            let (left, top) = (down(part.left), down(part.top));
            let (right, bottom) = (up(part.left + part.width), up(part.top + part.height));
            Bounds { left, top, right, bottom }.within(&whole)
        });
        let along = |length: f64| (length / TILE).ceil().max(1.0);
        let tiles = along(requested.width()) * along(requested.height());
        Self { stated: (stated.width, stated.height), width, height, requested, tiles }
    }

    pub fn pixels(&self) -> f64 {
        self.requested.area()
    }
}
