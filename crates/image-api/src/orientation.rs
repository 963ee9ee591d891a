//! The eight orientations of an image: mirrored or not, rotated by right angles.

use crate::size::{Extent, Rect, Size};

/// An orientation: mirroring left to right, followed by clockwise quarter turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Orientation {
    /// Whether it mirrors left to right.
    pub mirrored: bool,
    /// Clockwise quarter turns, 0 to 3.
    pub quarters: u8,
}

impl Orientation {
    /// The orientation that makes an image with this EXIF tag upright; values outside of 1..=8 count as 1.
    pub fn from_exif(tag: i32) -> Self {
        let (mirrored, quarters) = match tag {
            2 => (true, 0),
            3 => (false, 2),
            4 => (true, 2),
            5 => (true, 3),
            6 => (false, 1),
            7 => (true, 1),
            8 => (false, 3),
            _ => (false, 0),
        };
        Self { mirrored, quarters }
    }

    /// Whether it is the identity.
    pub fn is_upright(self) -> bool {
        self == Self::default()
    }

    /// Rotated further, clockwise.
    pub fn turned(self, quarters: u8) -> Self {
        Self { quarters: (self.quarters + quarters) % 4, ..self }
    }

    /// Mirrored left to right afterwards: a rotation followed by a mirror equals a mirror followed by the opposite
    /// rotation.
    pub fn flipped(self) -> Self {
        Self { mirrored: !self.mirrored, quarters: (4 - self.quarters) % 4 }
    }

    /// Whether width and height are swapped.
    pub fn swaps(self) -> bool {
        self.quarters % 2 == 1
    }

    /// The size of an image of `size` in this orientation; also the inverse.
    pub fn size(self, size: Size) -> Size {
        if self.swaps() { Size { width: size.height, height: size.width } } else { size }
    }

    /// As [`Self::size`], for a fractional size.
    pub fn extent(self, extent: Extent) -> Extent {
        if self.swaps() { Extent { width: extent.height, height: extent.width } } else { extent }
    }

    /// The inverse.
    pub fn inverse(self) -> Self {
        // a mirrored orientation is its own inverse, since mirroring reverses the direction of the rotation
        if self.mirrored { self } else { Self { mirrored: false, quarters: (4 - self.quarters) % 4 } }
    }

    /// Transforms `rect` of an image stored with size `stored` to this orientation.
    pub fn oriented_rect(self, rect: Rect, stored: Size) -> Rect {
        self.inverse().stored_rect(rect, self.size(stored))
    }

    /// Transforms `rect` of an image in this orientation back to the image stored with size `stored`.
    pub fn stored_rect(self, rect: Rect, stored: Size) -> Rect {
        let mut canvas = self.size(stored);
        let mut rect = rect;
        for _ in 0..(4 - self.quarters) % 4 {
            rect = Rect {
                left: canvas.height - rect.top - rect.height,
                top: rect.left,
                width: rect.height,
                height: rect.width,
            };
            canvas = Size { width: canvas.height, height: canvas.width };
        }
        if self.mirrored {
            rect.left = canvas.width - rect.left - rect.width;
        }
        rect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [i32; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

    #[test]
    fn invalid_tags_are_upright() {
        for tag in [-1, 0, 1, 9, 1000] {
            assert!(Orientation::from_exif(tag).is_upright());
        }
    }

    #[test]
    fn four_quarter_turns_and_two_flips_are_the_identity() {
        for orientation in ALL.map(Orientation::from_exif) {
            assert_eq!(orientation.turned(3).turned(1), orientation);
            assert_eq!(orientation.flipped().flipped(), orientation);
        }
    }

    #[test]
    fn a_half_turn_and_a_flip_are_a_vertical_flip() {
        assert_eq!(Orientation::default().turned(2).flipped(), Orientation::from_exif(4));
    }

    #[test]
    fn rectangles_round_trip() {
        let stored = Size { width: 10, height: 6 };
        let corner = Rect { left: 0, top: 0, width: 3, height: 2 };
        let expected = [
            (0, 0, 3, 2),
            (7, 0, 3, 2),
            (7, 4, 3, 2),
            (0, 4, 3, 2),
            (0, 0, 2, 3),
            (0, 3, 2, 3),
            (8, 3, 2, 3),
            (8, 0, 2, 3),
        ];
        for (tag, (left, top, width, height)) in ALL.into_iter().zip(expected) {
            let found = Orientation::from_exif(tag).stored_rect(corner, stored);
            assert_eq!(found, Rect { left, top, width, height }, "{tag}");
            assert_eq!(Orientation::from_exif(tag).oriented_rect(found, stored), corner, "{tag}");
        }
    }
}
