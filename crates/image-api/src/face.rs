//! Detected faces as plain data, and their transformation when the image is rotated.

use serde::{Deserialize, Serialize};

use crate::{orientation::Orientation, size::Size, source::SourceInfo};

/// A detected face.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Face {
    /// Left edge, in pixels.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Score of the detection, from 0 to 1.
    pub score: f64,
    /// Both eyes, each as x and y.
    pub eyes: [(f64, f64); 2],
}

/// Score from which a face counts as certain: no test image without people had a higher one.
const SURE: f64 = 0.5;

impl Face {
    /// Whether it is certain enough to be reported; red-eye correction also uses uncertain ones.
    pub fn is_sure(&self) -> bool {
        self.score >= SURE
    }

    /// Area of its bounding box, in pixels.
    pub fn area(&self) -> f64 {
        self.width * self.height
    }

    /// Centre of its bounding box.
    pub fn center(&self) -> (f64, f64) {
        (self.left + self.width / 2.0, self.top + self.height / 2.0)
    }

    /// Distance between the eyes.
    pub fn eye_distance(&self) -> f64 {
        let [left, right] = self.eyes;
        (left.0 - right.0).hypot(left.1 - right.1)
    }

    /// The face in another image, whose coordinates `place` computes.
    pub fn moved(&self, place: impl Fn((f64, f64)) -> (f64, f64)) -> Self {
        let (from, to) =
            (place((self.left, self.top)), place((self.left + self.width, self.top + self.height)));
        Self {
            left: from.0.min(to.0),
            top: from.1.min(to.1),
            width: (from.0 - to.0).abs(),
            height: (from.1 - to.1).abs(),
            score: self.score,
            eyes: self.eyes.map(place),
        }
    }

    /// Transforms a face of the upright original to another orientation of the original.
    pub fn turned(&self, info: &SourceInfo, orientation: Orientation) -> Self {
        let upright = info.orientation;
        self.oriented(upright.inverse(), upright.size(info.stored)).oriented(orientation, info.stored)
    }

    /// Transforms a face of an image stored with size `stored` to this orientation.
    pub fn oriented(&self, orientation: Orientation, stored: Size) -> Self {
        self.moved(|point| oriented(point, orientation, stored))
    }
}

/// Transforms a point of a stored image to this orientation.
fn oriented((x, y): (f64, f64), orientation: Orientation, stored: Size) -> (f64, f64) {
    let (width, height) = (f64::from(stored.width), f64::from(stored.height));
    let x = if orientation.mirrored { width - x } else { x };
    match orientation.quarters {
        1 => (height - y, x),
        2 => (width - x, height - y),
        3 => (y, width - x),
        _ => (x, y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Rect;

    #[test]
    fn faces_are_transformed_like_rectangles() {
        let stored = Size { width: 10, height: 6 };
        let face =
            Face { left: 1.0, top: 2.0, width: 3.0, height: 2.0, score: 1.0, eyes: [(2.0, 3.0), (3.0, 3.0)] };
        for orientation in (1..=8).map(Orientation::from_exif) {
            let rect = orientation.oriented_rect(Rect { left: 1, top: 2, width: 3, height: 2 }, stored);
            let turned = face.oriented(orientation, stored);
            let found = [turned.left, turned.top, turned.width, turned.height];
            let expected = [rect.left, rect.top, rect.width, rect.height].map(f64::from);
            assert!(
                found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9),
                "{orientation:?} {turned:?}"
            );
            assert_eq!(turned.oriented(orientation.inverse(), orientation.size(stored)), face);
        }
    }
}
