//! Faces, as whoever looked for them tells of them: plain numbers, and where they go when the picture is turned.

use serde::{Deserialize, Serialize};

use crate::{orientation::Orientation, size::Size, source::SourceInfo};

/// A face that was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Face {
    /// Left edge, in pixels.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
    /// How likely it is one, from 0 to 1.
    pub score: f64,
    /// Both eyes, each from the left and from the top.
    pub eyes: [(f64, f64); 2],
}

/// From here on it is a face to people too: no picture without people had one in it.
const SURE: f64 = 0.5;

impl Face {
    /// Whether it may be told to people; corrections look for themselves.
    pub fn is_sure(&self) -> bool {
        self.score >= SURE
    }

    /// Pixels of its box.
    pub fn area(&self) -> f64 {
        self.width * self.height
    }

    /// The middle of its box.
    pub fn center(&self) -> (f64, f64) {
        (self.left + self.width / 2.0, self.top + self.height / 2.0)
    }

    /// How far its eyes are apart.
    pub fn eye_distance(&self) -> f64 {
        let [left, right] = self.eyes;
        (left.0 - right.0).hypot(left.1 - right.1)
    }

    /// The face in another picture, to which `place` takes every point.
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

    /// The face of an upright original when the original is put down in this way instead.
    pub fn turned(&self, info: &SourceInfo, orientation: Orientation) -> Self {
        let upright = info.orientation;
        self.oriented(upright.inverse(), upright.size(info.stored)).oriented(orientation, info.stored)
    }

    /// The face of a picture of `stored` size as it is stored, when the picture is put down in this way.
    pub fn oriented(&self, orientation: Orientation, stored: Size) -> Self {
        self.moved(|point| oriented(point, orientation, stored))
    }
}

/// Where a point of a stored picture lies when the picture is put down in this way.
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
    fn faces_turn_as_rectangles_do() {
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
