//! Face and eye detection by `CenterFace`, which predicts a heat map of face centres.

use serde::{Deserialize, Serialize};
use vips::Image;

use crate::{
    engine::{Engine, Input, Model},
    error::Result,
    pixels,
};

/// Long side in pixels to which images are scaled down. 43 of 43 test faces were found at 320, 480 and 640; eyes are
/// located more precisely at larger sizes.
const LONG_SIDE: u32 = 640;

/// Sides of the input must be multiples of this: the model halves its input five times.
const MULTIPLE: u32 = 32;

/// Input pixels per cell of the output maps.
const CELL: f32 = 4.0;

/// Lowest score of a reported face.
const LEAST_SCORE: f32 = 0.35;

/// Score from which a face counts as certain: no test image without people had a higher one.
const SURE_SCORE: f32 = 0.5;

/// Largest intersection over union of two distinct faces.
const MOST_OVERLAP: f32 = 0.3;

/// A face, in pixels of the analysed image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Face {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// Score of the detection, from 0 to 1.
    pub score: f32,
    /// The eye on the left of the image, and the one on the right.
    pub eyes: [Point; 2],
}

/// A point, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// From the left.
    pub x: f32,
    /// From the top.
    pub y: f32,
}

impl Face {
    /// Whether the detection is certain enough to be reported to users. Less certain ones are useful for corrections
    /// that check the pixels themselves.
    pub fn is_sure(&self) -> bool {
        self.score >= SURE_SCORE
    }

    /// The same face in an image scaled by a factor per axis.
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

    /// Intersection over union of two boxes.
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

/// The input size in pixels. Stretching by less than 32 pixels has no effect on detection.
fn input_size(width: u32, height: u32) -> (u32, u32) {
    let long = f64::from(width.max(height));
    let scale = (f64::from(LONG_SIDE) / long).min(1.0);
    let side = |side: u32| {
        let wanted = (f64::from(side) * scale).ceil() as u32;
        wanted.div_ceil(MULTIPLE).max(1) * MULTIPLE
    };
    (side(width), side(height))
}

/// The output maps of the model; all but the first have several planes.
struct Maps<'a> {
    /// Cells per row.
    wide: usize,
    /// Scores of face centres.
    heat: &'a [f32],
    /// Logarithms of height and width, in cells.
    sizes: &'a [f32],
    /// Offsets from the cell to the face centre: down, right.
    offsets: &'a [f32],
    /// Five landmarks, each as offsets down and right from the corner of the box, relative to its sides.
    marks: &'a [f32],
}

impl Maps<'_> {
    fn faces(&self, width: f32, height: f32) -> Vec<Face> {
        let hot = (0..self.heat.len()).filter(|cell| self.heat[*cell] > LEAST_SCORE);
        hot.map(|cell| self.face(cell, width, height)).collect()
    }

    /// The face centred in this cell, clipped to the image.
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

/// Non-maximum suppression: of overlapping boxes the one with the highest score is kept.
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
    fn input_sizes_are_multiples_of_32() {
        assert_eq!(input_size(640, 480), (640, 480));
        assert_eq!(input_size(6000, 4000), (640, 448));
        assert_eq!(input_size(100, 10), (128, 32));
        assert_eq!(input_size(1, 10_000), (32, 640));
    }

    #[test]
    fn the_best_of_overlapping_boxes_is_kept() {
        let faces = vec![face(0.0, 0.0, 10.0, 0.6), face(2.0, 0.0, 10.0, 0.9), face(20.0, 0.0, 10.0, 0.5)];
        let kept = distinct(faces);
        assert_eq!(kept.iter().map(|face| face.score).collect::<Vec<_>>(), [0.9, 0.5]);
    }

    #[test]
    fn output_maps_are_decoded() {
        // two rows of three cells; the face is centred in the lower row, 16 high and 8 wide
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
