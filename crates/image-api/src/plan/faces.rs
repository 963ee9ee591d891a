//! Crops around faces, and eyes for red-eye correction. Pure computation.

use super::{
    geometry::{Geometry, Window},
    step::Eye,
};
use crate::{
    face::Face,
    orientation::Orientation,
    size::{Rect, Size},
};

/// Faces smaller than this fraction of the largest one count as background.
const FOREGROUND: f64 = 0.15;

/// Position of the eyes in a portrait, as a fraction of its height from the top.
const EYE_LINE: f64 = 0.4;

/// Margin on each side of the faces if the size of the output is not given, relative to the largest face.
const ROOM: f64 = 0.6;

/// The faces that determine the crop, the largest first; empty if no face is certain.
fn foreground(faces: &[Face]) -> Vec<Face> {
    let mut sure: Vec<Face> = faces.iter().filter(|face| face.is_sure()).copied().collect();
    sure.sort_by(|a, b| b.area().total_cmp(&a.area()));
    let least = sure.first().map_or(0.0, |largest| FOREGROUND * largest.area());
    sure.retain(|face| face.area() >= least);
    sure
}

/// The bounding box of a group of faces, and the height of their eyes.
#[derive(Debug, Clone, Copy)]
struct Group {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    eyes: f64,
}

impl Group {
    /// `None` without faces.
    fn of(faces: &[Face]) -> Option<Self> {
        let eyes = faces.iter().flat_map(|face| face.eyes).map(|(_, y)| y).sum::<f64>();
        let count = 2.0 * faces.len() as f64;
        let one = |face: &Face| Self {
            left: face.left,
            top: face.top,
            right: face.left + face.width,
            bottom: face.top + face.height,
            eyes: eyes / count,
        };
        faces.iter().map(one).reduce(|a, b| Self {
            left: a.left.min(b.left),
            top: a.top.min(b.top),
            right: a.right.max(b.right),
            bottom: a.bottom.max(b.bottom),
            ..a
        })
    }

    fn fits(&self, size: Size) -> bool {
        self.right - self.left <= f64::from(size.width) && self.bottom - self.top <= f64::from(size.height)
    }
}

/// The part of an image around its faces, with a margin; `None` without faces. In pixels of the image, inside
/// `bounds`.
pub fn around(faces: &[Face], bounds: Rect) -> Option<Rect> {
    let faces = foreground(faces);
    let group = Group::of(&faces)?;
    let room = ROOM * faces.first()?.width.max(faces.first()?.height);
    let (wide, high) = (group.right - group.left + 2.0 * room, group.bottom - group.top + 2.0 * room);
    // shifted towards the preferred eye height, without cutting off a face
    let top = (group.eyes - EYE_LINE * high).clamp(group.bottom - high, group.top);
    let span = |start: f64, length: f64, low: u32, room: u32| {
        let (low, end) = (f64::from(low), f64::from(low + room));
        let from = start.round().clamp(low, end - 1.0);
        let to = (start + length).round().clamp(from + 1.0, end);
        (from as u32, (to - from) as u32)
    };
    let (left, width) = span(group.left - room, wide, bounds.left, bounds.width);
    let (top, height) = span(top, high, bounds.top, bounds.height);
    Some(Rect { left, top, width, height })
}

/// The geometry with its most interesting window replaced by a window around the faces. Faces are in pixels of the
/// image oriented as requested, of which `kept` is the kept part.
pub fn framed(geometry: Geometry, faces: &[Face], kept: Rect, degrees: f64) -> Geometry {
    let Some(Window::Interesting(size)) = geometry.window else { return geometry };
    let canvas = geometry.turned.unwrap_or(geometry.scaled);
    let placed: Vec<Face> =
        foreground(faces).iter().map(|face| placed(face, geometry.scaled, canvas, kept, degrees)).collect();
    let group = Group::of(&placed).filter(|group| group.fits(size)).or_else(|| Group::of(placed.get(..1)?));
    let window = group.map(|group| Window::Fixed(frame(&group, size, canvas)));
    Geometry { window: window.or(geometry.window), ..geometry }
}

/// A face in the scaled and rotated image: its size is not rotated, its centre and its eyes are.
fn placed(face: &Face, scaled: Size, canvas: Size, kept: Rect, degrees: f64) -> Face {
    let factor = |scaled: u32, kept: u32| f64::from(scaled) / f64::from(kept);
    let (horizontal, vertical) = (factor(scaled.width, kept.width), factor(scaled.height, kept.height));
    let face =
        face.moved(|(x, y)| ((x - f64::from(kept.left)) * horizontal, (y - f64::from(kept.top)) * vertical));
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let turn = |(x, y): (f64, f64)| {
        let (x, y) = (x - f64::from(scaled.width) / 2.0, y - f64::from(scaled.height) / 2.0);
        (
            x * cosine - y * sine + f64::from(canvas.width) / 2.0,
            x * sine + y * cosine + f64::from(canvas.height) / 2.0,
        )
    };
    let center = turn(face.center());
    let (left, top) = (center.0 - face.width / 2.0, center.1 - face.height / 2.0);
    Face { left, top, eyes: face.eyes.map(turn), ..face }
}

/// A window of this size inside the canvas: the group is centred, and the eyes are at the preferred height as far as no
/// face is cut off.
fn frame(group: &Group, size: Size, canvas: Size) -> Rect {
    let (wide, high) = (f64::from(size.width), f64::from(size.height));
    let left = f64::midpoint(group.left, group.right) - wide / 2.0;
    let top = group.eyes - EYE_LINE * high;
    let (lowest, highest) = (group.bottom - high, group.top);
    let top = if lowest <= highest { top.clamp(lowest, highest) } else { top };
    let inside = |start: f64, length: u32, whole: u32| {
        start.round().clamp(0.0, f64::from(whole.saturating_sub(length))) as u32
    };
    Rect {
        left: inside(left, size.width, canvas.width),
        top: inside(top, size.height, canvas.height),
        width: size.width,
        height: size.height,
    }
}

/// The eyes of all faces, uncertain ones included, in pixels of the image as stored.
pub fn eyes(faces: &[Face], orientation: Orientation, stored: Size) -> Vec<Eye> {
    let back = |face: &Face| face.oriented(orientation.inverse(), orientation.size(stored));
    let eyes = |face: Face| face.eyes.map(|(x, y)| Eye { x, y, distance: face.eye_distance() });
    faces.iter().map(back).flat_map(eyes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: Size = Size { width: 100, height: 100 };

    fn face(left: f64, top: f64, side: f64, score: f64) -> Face {
        let eye = |part: f64| (left + part * side, top + 0.4 * side);
        Face { left, top, width: side, height: side, score, eyes: [eye(0.3), eye(0.7)] }
    }

    fn geometry(scaled: Size, size: Size) -> Geometry {
        Geometry { scaled, turned: None, window: Some(Window::Interesting(size)), canvas: None }
    }

    fn window(faces: &[Face], scaled: Size, size: Size, kept: Rect) -> Option<Rect> {
        match framed(geometry(scaled, size), faces, kept, 0.0).window {
            Some(Window::Fixed(rect)) => Some(rect),
            _ => None,
        }
    }

    #[test]
    fn eyes_are_at_two_fifths_of_the_height() {
        let scaled = Size { width: 400, height: 300 };
        let rect = window(&[face(250.0, 130.0, 40.0, 0.9)], scaled, SQUARE, scaled.rect());
        assert_eq!(rect, Some(Rect { left: 220, top: 106, width: 100, height: 100 }));
    }

    #[test]
    fn windows_stay_inside_and_follow_the_scale() {
        let original = Size { width: 800, height: 600 }.rect();
        let scaled = Size { width: 133, height: 100 };
        let rect = window(&[face(700.0, 0.0, 90.0, 0.9)], scaled, SQUARE, original);
        assert_eq!(rect, Some(Rect { left: 33, top: 0, width: 100, height: 100 }));
    }

    #[test]
    fn a_group_that_does_not_fit_is_reduced_to_the_largest_face() {
        let scaled = Size { width: 400, height: 100 };
        let near = [face(0.0, 30.0, 30.0, 0.9), face(60.0, 30.0, 25.0, 0.9)];
        assert_eq!(window(&near, scaled, SQUARE, scaled.rect()).map(|rect| rect.left), Some(0));
        let far = [face(50.0, 30.0, 30.0, 0.9), face(300.0, 30.0, 40.0, 0.9)];
        assert_eq!(window(&far, scaled, SQUARE, scaled.rect()).map(|rect| rect.left), Some(270));
    }

    #[test]
    fn uncertain_and_background_faces_are_ignored() {
        let bounds = Size { width: 400, height: 400 }.rect();
        assert_eq!(around(&[face(10.0, 10.0, 50.0, 0.4)], bounds), None);
        let lone = around(&[face(100.0, 100.0, 100.0, 0.9)], bounds);
        let crowd =
            [face(100.0, 100.0, 100.0, 0.9), face(350.0, 350.0, 20.0, 0.9), face(0.0, 0.0, 90.0, 0.4)];
        assert_eq!(around(&crowd, bounds), lone);
        assert_eq!(lone, Some(Rect { left: 40, top: 52, width: 220, height: 220 }));
    }

    #[test]
    fn a_half_turn_moves_a_face_to_the_opposite_corner() {
        let kept = SQUARE.rect();
        let turned = placed(&face(0.0, 0.0, 10.0, 0.9), SQUARE, SQUARE, kept, 180.0);
        assert!((turned.left - 90.0).abs() < 1e-9 && (turned.top - 90.0).abs() < 1e-9, "{turned:?}");
    }

    #[test]
    fn eyes_are_in_pixels_of_the_stored_image() {
        let stored = Size { width: 200, height: 100 };
        let upright = face(10.0, 20.0, 40.0, 0.4);
        let turned = upright.oriented(Orientation::from_exif(6), stored);
        let found = eyes(&[turned], Orientation::from_exif(6), stored);
        assert_eq!(found.len(), 2);
        assert!((found[0].x - 22.0).abs() < 1e-9 && (found[0].y - 36.0).abs() < 1e-9, "{found:?}");
        assert!((found[0].distance - 16.0).abs() < 1e-9);
    }
}
