//! Outlines of paths and polygons: number of points, length and bounds.

use super::{
    matrix::{Bounds, Matrix},
    numbers::Numbers,
};

/// Approximate number of points of a flattened curve.
const CURVE_POINTS: f64 = 6.0;

/// An outline in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outline {
    /// Number of points, including those of flattened curves.
    pub points: f64,
    /// Number of vertices, where markers are placed.
    pub vertices: f64,
    /// Length in pixels.
    pub length: f64,
    /// Bounding box.
    pub bounds: Bounds,
}

/// Builds an outline.
pub struct OutlineBuilder<'a> {
    matrix: &'a Matrix,
    outline: Option<Outline>,
    last: (f64, f64),
}

impl<'a> OutlineBuilder<'a> {
    pub fn new(matrix: &'a Matrix) -> Self {
        Self { matrix, outline: None, last: (0.0, 0.0) }
    }

    /// Moves to a point without drawing.
    pub fn move_to(&mut self, x: f64, y: f64) {
        let (x, y) = self.matrix.apply(x, y);
        let empty = Outline { points: 0.0, vertices: 0.0, length: 0.0, bounds: Bounds::new(x, y, 0.0, 0.0) };
        let outline = self.outline.get_or_insert(empty);
        outline.points += 1.0;
        outline.vertices += 1.0;
        outline.bounds.add(x, y);
        self.last = (x, y);
    }

    /// Draws a line to a point that counts as `points` points.
    pub fn line_to(&mut self, x: f64, y: f64, points: f64) {
        if self.outline.is_none() {
            self.move_to(x, y);
        }
        let (x, y) = self.matrix.apply(x, y);
        let Some(outline) = &mut self.outline else { return };
        outline.points += points;
        outline.length += (x - self.last.0).hypot(y - self.last.1);
        outline.bounds.add(x, y);
        self.last = (x, y);
    }

    /// Counts a vertex.
    fn vertex(&mut self) {
        if let Some(outline) = &mut self.outline {
            outline.vertices += 1.0;
        }
    }

    /// Extends the bounds by a radius around a point.
    pub fn reach(&mut self, x: f64, y: f64, by: f64) {
        let (x, y) = self.matrix.apply(x, y);
        let by = by * self.matrix.growth();
        if let Some(outline) = &mut self.outline {
            outline.bounds = outline.bounds.union(Bounds::new(x, y, 0.0, 0.0).grown(by));
            outline.length += by;
        }
    }

    pub fn finish(self) -> Option<Outline> {
        self.outline
    }
}

/// The outline of a `points` attribute.
pub fn polygon(points: &str, matrix: &Matrix) -> Option<Outline> {
    let mut pen = OutlineBuilder::new(matrix);
    let mut numbers = Numbers::new(points);
    while let (Some(x), Some(y)) = (numbers.next(), numbers.next()) {
        pen.line_to(x, y, 1.0);
        pen.vertex();
    }
    pen.finish()
}

/// The outline of a `d` attribute. A syntax error ends it, as in librsvg.
pub fn path(d: &str, matrix: &Matrix) -> Option<Outline> {
    let mut pen = OutlineBuilder::new(matrix);
    let mut rest = d.as_bytes();
    let (mut command, mut at, mut start) = (b' ', (0.0, 0.0), (0.0, 0.0));
    loop {
        skip(&mut rest);
        match rest.first() {
            None => break,
            Some(letter) if letter.is_ascii_alphabetic() => {
                command = *letter;
                rest = &rest[1..];
            }
            Some(_) if command == b' ' || command.eq_ignore_ascii_case(&b'z') => break,
            Some(_) => {}
        }
        let Some(next) = step(&mut pen, command, &mut rest, at, start) else { break };
        if command.eq_ignore_ascii_case(&b'm') {
            start = next;
            command = if command == b'm' { b'l' } else { b'L' };
        } else {
            pen.vertex();
        }
        at = next;
    }
    pen.finish()
}

fn skip(rest: &mut &[u8]) {
    while let Some((byte, tail)) = rest.split_first()
        && (byte.is_ascii_whitespace() || *byte == b',')
    {
        *rest = tail;
    }
}

/// Processes one command with its numbers, and returns the new current point.
fn step(
    pen: &mut OutlineBuilder<'_>,
    command: u8,
    rest: &mut &[u8],
    at: (f64, f64),
    start: (f64, f64),
) -> Option<(f64, f64)> {
    let (origin_x, origin_y) = if command.is_ascii_lowercase() { at } else { (0.0, 0.0) };
    let number = |rest: &mut &[u8]| {
        skip(rest);
        Numbers::next_here(rest)
    };
    let point = |rest: &mut &[u8]| Some((origin_x + number(rest)?, origin_y + number(rest)?));
    match command.to_ascii_lowercase() {
        b'm' => {
            let to = point(rest)?;
            pen.move_to(to.0, to.1);
            Some(to)
        }
        b'z' => {
            pen.line_to(start.0, start.1, 1.0);
            Some(start)
        }
        b'l' | b't' => {
            let to = point(rest)?;
            let points = if command.eq_ignore_ascii_case(&b't') { CURVE_POINTS } else { 1.0 };
            pen.line_to(to.0, to.1, points);
            Some(to)
        }
        b'h' => Some(line(pen, (origin_x + number(rest)?, at.1))),
        b'v' => Some(line(pen, (at.0, origin_y + number(rest)?))),
        b'c' => curve(pen, [point(rest)?, point(rest)?, point(rest)?]),
        b's' | b'q' => curve(pen, [point(rest)?, point(rest)?]),
        b'a' => {
            let (across, down) = (number(rest)?.abs(), number(rest)?.abs());
            number(rest)?;
            let is_large = flag(rest)?;
            flag(rest)?;
            let to = point(rest)?;
            arc(pen, at, to, across.max(down), is_large);
            Some(to)
        }
        _ => None,
    }
}

fn line(pen: &mut OutlineBuilder<'_>, to: (f64, f64)) -> (f64, f64) {
    pen.line_to(to.0, to.1, 1.0);
    to
}

/// A curve is not longer than the polygon of its control points.
fn curve<const N: usize>(pen: &mut OutlineBuilder<'_>, points: [(f64, f64); N]) -> Option<(f64, f64)> {
    for (x, y) in points {
        pen.line_to(x, y, CURVE_POINTS / N as f64);
    }
    points.last().copied()
}

/// An arc extends at most by its radius, and much less if the radius is much longer than its chord.
fn arc(pen: &mut OutlineBuilder<'_>, from: (f64, f64), to: (f64, f64), radius: f64, is_large: bool) {
    let chord = (to.0 - from.0).hypot(to.1 - from.1);
    let reach = if is_large { 2.0 * radius.max(chord) } else { radius.min(chord).max(chord / 2.0) };
    pen.line_to(to.0, to.1, 4.0 * CURVE_POINTS);
    pen.reach(f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1), reach);
}

/// Parses an arc flag, `0` or `1`, with or without a separator after it.
fn flag(rest: &mut &[u8]) -> Option<bool> {
    skip(rest);
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    match first {
        b'0' => Some(false),
        b'1' => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn outlines_of_paths() {
        for (d, vertices, length, bounds) in [
            ("M0 0H10V10h-10z", 5.0, 40.0, (0.0, 0.0, 10.0, 10.0)),
            ("M1,1 2 1 3 1", 3.0, 2.0, (1.0, 1.0, 2.0, 0.0)),
            ("m1 1 1 0l1-1", 3.0, 1.0 + 2f64.sqrt(), (1.0, 0.0, 2.0, 1.0)),
            ("M0 0C0 10 10 10 10 0", 2.0, 30.0, (0.0, 0.0, 10.0, 10.0)),
            ("M0 0L5 0 nonsense", 2.0, 5.0, (0.0, 0.0, 5.0, 0.0)),
        ] {
            let outline = path(d, &Matrix::IDENTITY).unwrap();
            assert_eq!((outline.vertices, outline.length), (vertices, length), "{d}");
            let (x, y, width, height) = bounds;
            assert_eq!(outline.bounds, Bounds::new(x, y, width, height), "{d}");
        }
        assert_eq!(path("", &Matrix::IDENTITY), None);
        let arc = path("M0 0a5 5 0 1110 0", &Matrix::IDENTITY).unwrap();
        assert!(arc.bounds.top <= -5.0 && arc.length > 10.0, "{arc:?}");
        let scaled = path("M0 0H10", &Matrix::scale(3.0, 1.0)).unwrap();
        assert!((scaled.length - 30.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn arbitrary_paths_do_not_panic(d in "[MmLlHhVvCcSsQqTtAaZz0-9 .,eE+-]{0,80}") {
            let _ = path(&d, &Matrix::IDENTITY);
        }
    }
}
