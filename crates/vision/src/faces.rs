//! Faces and their eyes, by `CenterFace`: a map of how much each place is the middle of a face.

use serde::{Deserialize, Serialize};
use vips::Image;

use crate::{
    engine::{Engine, Input, Model},
    error::Result,
    pixels,
};

/// Long side that pictures are brought down to, in pixels. 43 of 43 faces were found at 320, 480 and 640; eyes are
/// found more exactly the larger it is.
const LONG_SIDE: u32 = 640;

/// The model halves its input five times.
const MULTIPLE: u32 = 32;

/// Input pixels a cell of the model's maps.
const CELL: f32 = 4.0;

/// What is less likely to be a face than this is left out.
const LEAST_SCORE: f32 = 0.35;

/// From here on no picture without people had a face in it.
const SURE_SCORE: f32 = 0.5;

/// Two boxes that share more than this part of their union are one face.
const MOST_OVERLAP: f32 = 0.3;

/// A face, in pixels of the picture that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Face {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// From left to right.
    pub width: f32,
    /// From top to bottom.
    pub height: f32,
    /// How likely it is one, from 0 to 1.
    pub score: f32,
    /// The eye at the left of the picture, and the one at the right.
    pub eyes: [Point; 2],
}

/// A place, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// From the left.
    pub x: f32,
    /// From the top.
    pub y: f32,
}

impl Face {
    /// Whether it may be told to people. Less sure ones are good for corrections that look for themselves.
    pub fn is_sure(&self) -> bool {
        self.score >= SURE_SCORE
    }

    /// The same face in a picture scaled by a factor a side.
    pub fn scaled(&self, horizontal: f32, vertical: f32) -> Self {
        let point = |point: Point| Point { x: point.x * horizontal, y: point.y * vertical };
        Self {
            x: self.x * horizontal,
            y: self.y * vertical,
            width: self.width * horizontal,
            height: self.height * vertical,
            score: self.score,
            eyes: self.eyes.map(point),
        }
    }

    fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The shared part of two boxes, of their union.
    fn overlap(&self, other: &Self) -> f32 {
        let span = |from: f32, length: f32, start: f32, reach: f32| {
            ((from + length).min(start + reach) - from.max(start)).max(0.0)
        };
        let shared =
            span(self.x, self.width, other.x, other.width) * span(self.y, self.height, other.y, other.height);
        shared / (self.area() + other.area() - shared)
    }
}

/// See [`crate::Vision::faces`].
pub fn find(engine: &Engine, model: &Model, image: &Image) -> Result<Vec<Face>> {
    let (width, height) = input_size(image.width(), image.height());
    let numbers = pixels::planes(&pixels::rgb(image, width, height)?);
    let input = Input { shape: [1, 3, height as usize, width as usize], numbers };
    let found = model.run(engine, input, |outputs| {
        let map = |name: &str| outputs[name].try_extract_tensor::<f32>();
        let (shape, heat) = map("537")?;
        let maps = Maps {
            wide: shape[3] as usize,
            heat,
            sizes: map("538")?.1,
            offsets: map("539")?.1,
            marks: map("540")?.1,
        };
        Ok(maps.faces(width as f32, height as f32))
    })?;
    let factor = |given: u32, seen: u32| given as f32 / seen as f32;
    let (horizontal, vertical) = (factor(image.width(), width), factor(image.height(), height));
    let mut faces: Vec<_> = distinct(found).iter().map(|face| face.scaled(horizontal, vertical)).collect();
    faces.sort_by(|a, b| (b.area() * b.score).total_cmp(&(a.area() * a.score)));
    Ok(faces)
}

/// The size that is looked at. A stretch by less than 32 pixels does no harm.
fn input_size(width: u32, height: u32) -> (u32, u32) {
    let long = f64::from(width.max(height));
    let scale = (f64::from(LONG_SIDE) / long).min(1.0);
    let side = |side: u32| {
        let wanted = (f64::from(side) * scale).ceil() as u32;
        wanted.div_ceil(MULTIPLE).max(1) * MULTIPLE
    };
    (side(width), side(height))
}

/// What the model says of each cell; several planes follow each other in all but the first.
struct Maps<'a> {
    /// Cells a row.
    wide: usize,
    /// The middle of a face?
    heat: &'a [f32],
    /// Logarithms of height and width, in cells.
    sizes: &'a [f32],
    /// From the cell's corner to the middle: down, right.
    offsets: &'a [f32],
    /// Five landmarks, each down and right from the box's corner, in parts of its sides.
    marks: &'a [f32],
}

impl Maps<'_> {
    fn faces(&self, width: f32, height: f32) -> Vec<Face> {
        let hot = (0..self.heat.len()).filter(|cell| self.heat[*cell] > LEAST_SCORE);
        hot.map(|cell| self.face(cell, width, height)).collect()
    }

    /// The face whose middle is in this cell, cut at the edges of the picture.
    fn face(&self, cell: usize, width: f32, height: f32) -> Face {
        let plane = |map: &[f32], index: usize| map[index * self.heat.len() + cell];
        let (high, wide) = (CELL * plane(self.sizes, 0).exp(), CELL * plane(self.sizes, 1).exp());
        let middle = |place: usize, offset: f32| (place as f32 + offset + 0.5) * CELL;
        let center_x = middle(cell % self.wide, plane(self.offsets, 1));
        let center_y = middle(cell / self.wide, plane(self.offsets, 0));
        let (left, top) = ((center_x - wide / 2.0).max(0.0), (center_y - high / 2.0).max(0.0));
        let mark = |index: usize| Point {
            x: plane(self.marks, 2 * index + 1) * wide + left,
            y: plane(self.marks, 2 * index) * high + top,
        };
        Face {
            x: left,
            y: top,
            width: wide.min(width - left),
            height: high.min(height - top),
            score: self.heat[cell],
            eyes: [mark(0), mark(1)],
        }
    }
}

/// Of boxes that mean one face, the likeliest.
fn distinct(mut faces: Vec<Face>) -> Vec<Face> {
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Face> = Vec::new();
    for face in faces {
        if kept.iter().all(|known| known.overlap(&face) < MOST_OVERLAP) {
            kept.push(face);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(x: f32, y: f32, side: f32, score: f32) -> Face {
        Face { x, y, width: side, height: side, score, eyes: [Point { x, y }; 2] }
    }

    #[test]
    fn sizes_are_multiples_and_never_larger() {
        assert_eq!(input_size(640, 480), (640, 480));
        assert_eq!(input_size(6000, 4000), (640, 448));
        assert_eq!(input_size(100, 10), (128, 32));
        assert_eq!(input_size(1, 10_000), (32, 640));
    }

    #[test]
    fn the_likeliest_of_overlapping_boxes_is_kept() {
        let faces = vec![face(0.0, 0.0, 10.0, 0.6), face(2.0, 0.0, 10.0, 0.9), face(20.0, 0.0, 10.0, 0.5)];
        let kept = distinct(faces);
        assert_eq!(kept.iter().map(|face| face.score).collect::<Vec<_>>(), [0.9, 0.5]);
    }

    #[test]
    fn maps_are_read_by_their_meaning() {
        // two rows of three cells; the face is in the middle of the lower row, 16 high and 8 wide
        let mut maps = [vec![0.0; 6], vec![0.0; 12], vec![0.0; 12], vec![0.0; 60]];
        let cell = 4;
        maps[0][cell] = 0.8;
        maps[1][cell] = 4.0_f32.ln();
        maps[1][6 + cell] = 2.0_f32.ln();
        maps[2][cell] = 0.5;
        maps[2][6 + cell] = -0.25;
        maps[3][cell] = 0.25;
        maps[3][6 + cell] = 0.5;
        let [heat, sizes, offsets, marks] = &maps;
        let found = Maps { wide: 3, heat, sizes, offsets, marks }.faces(12.0, 8.0);
        let eyes = [Point { x: 5.0, y: 4.0 }, Point { x: 1.0, y: 0.0 }];
        assert_eq!(found, [Face { x: 1.0, y: 0.0, width: 8.0, height: 8.0, score: 0.8, eyes }]);
    }
}
