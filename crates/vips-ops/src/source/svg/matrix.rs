//! Affine transforms and bounding boxes, in pixels and in user units.

use super::numbers::Numbers;

/// `x' = a x + c y + e`, `y' = b x + d y + f`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix {
    pub a: f64,
    pub b: f64,
    pub c: f64,
    pub d: f64,
    pub e: f64,
    pub f: f64,
}

impl Matrix {
    pub const IDENTITY: Self = Self { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };

    /// From its numbers in SVG order.
    pub fn new(numbers: [f64; 6]) -> Self {
        let [right, right_down, down_right, down, ..] = numbers;
        Self { a: right, b: right_down, c: down_right, d: down, e: numbers[4], f: numbers[5] }
    }

    pub fn scale(x: f64, y: f64) -> Self {
        Self { a: x, d: y, ..Self::IDENTITY }
    }

    pub fn translate(x: f64, y: f64) -> Self {
        Self { e: x, f: y, ..Self::IDENTITY }
    }

    fn rotate(degrees: f64) -> Self {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        Self::new([cosine, sine, -sine, cosine, 0.0, 0.0])
    }

    /// The composition: first `inner`, then `self`.
    pub fn after(&self, inner: &Self) -> Self {
        Self {
            a: self.a * inner.a + self.c * inner.b,
            b: self.b * inner.a + self.d * inner.b,
            c: self.a * inner.c + self.c * inner.d,
            d: self.b * inner.c + self.d * inner.d,
            e: self.a * inner.e + self.c * inner.f + self.e,
            f: self.b * inner.e + self.d * inner.f + self.f,
        }
    }

    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        (self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)
    }

    /// The inverse; `None` if it is singular.
    pub fn inverse(&self) -> Option<Self> {
        let determinant = self.a * self.d - self.b * self.c;
        if determinant.abs() < f64::MIN_POSITIVE || !determinant.is_finite() {
            return None;
        }
        Some(Self {
            a: self.d / determinant,
            b: -self.b / determinant,
            c: -self.c / determinant,
            d: self.a / determinant,
            e: (self.c * self.f - self.d * self.e) / determinant,
            f: (self.b * self.e - self.a * self.f) / determinant,
        })
    }

    /// The largest factor by which lengths grow.
    pub fn growth(&self) -> f64 {
        self.a.hypot(self.b).max(self.c.hypot(self.d))
    }

    /// Whether axis-aligned rectangles stay axis-aligned without rotation.
    pub fn is_upright(&self) -> bool {
        let small = 1e-9 * self.growth();
        self.b.abs() <= small && self.c.abs() <= small
    }

    /// Parses the value of `transform`, `patternTransform` and similar attributes. A syntax error ends the list.
    pub fn parse(text: &str) -> Self {
        let mut whole = Self::IDENTITY;
        let mut rest = text;
        while let Some((name, tail)) = rest.split_once('(') {
            let (arguments, tail) = tail.split_once(')').unwrap_or((tail, ""));
            let numbers: Vec<f64> = Numbers::new(arguments).collect();
            let name = name.trim_matches(|c: char| c.is_whitespace() || c == ',');
            let Some(next) = Self::function(name, &numbers) else { break };
            whole = whole.after(&next);
            rest = tail;
        }
        whole
    }

    fn function(name: &str, numbers: &[f64]) -> Option<Self> {
        let tangent = |degrees: f64| degrees.to_radians().tan();
        Some(match (name, numbers) {
            ("matrix", _) => Self::new(numbers.try_into().ok()?),
            ("translate", [x]) => Self::translate(*x, 0.0),
            ("translate", [x, y]) => Self::translate(*x, *y),
            ("scale", [both]) => Self::scale(*both, *both),
            ("scale", [x, y]) => Self::scale(*x, *y),
            ("rotate", [degrees]) => Self::rotate(*degrees),
            ("rotate", [degrees, x, y]) => {
                Self::translate(*x, *y).after(&Self::rotate(*degrees)).after(&Self::translate(-x, -y))
            }
            ("skewX", [degrees]) => Self { c: tangent(*degrees), ..Self::IDENTITY },
            ("skewY", [degrees]) => Self { b: tangent(*degrees), ..Self::IDENTITY },
            _ => return None,
        })
    }
}

/// An axis-aligned box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Bounds {
    pub fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self { left: x, top: y, right: x + width, bottom: y + height }
    }

    pub fn width(&self) -> f64 {
        (self.right - self.left).max(0.0)
    }

    pub fn height(&self) -> f64 {
        (self.bottom - self.top).max(0.0)
    }

    pub fn area(&self) -> f64 {
        self.width() * self.height()
    }

    pub fn add(&mut self, x: f64, y: f64) {
        self.left = self.left.min(x);
        self.top = self.top.min(y);
        self.right = self.right.max(x);
        self.bottom = self.bottom.max(y);
    }

    pub fn union(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// The intersection with `other`; may be empty.
    pub fn within(self, other: &Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    pub fn grown(self, by: f64) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    pub fn corners(&self) -> [(f64, f64); 4] {
        [(self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom)]
    }

    /// The bounding box after a transform.
    pub fn mapped(&self, matrix: &Matrix) -> Self {
        let [first, rest @ ..] = self.corners().map(|(x, y)| matrix.apply(x, y));
        let mut bounds = Self::new(first.0, first.1, 0.0, 0.0);
        for (x, y) in rest {
            bounds.add(x, y);
        }
        bounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms_apply_from_left_to_right() {
        for (text, point, expected) in [
            ("", (1.0, 2.0), (1.0, 2.0)),
            ("translate(10) scale(2)", (1.0, 1.0), (12.0, 2.0)),
            ("scale(2),translate(10,5)", (1.0, 1.0), (22.0, 12.0)),
            ("matrix(0 1 -1 0 3 4)", (1.0, 0.0), (3.0, 5.0)),
            ("rotate(180 5 5)", (0.0, 0.0), (10.0, 10.0)),
            ("scale(2) nonsense(3)", (1.0, 1.0), (2.0, 2.0)),
        ] {
            let (x, y) = Matrix::parse(text).apply(point.0, point.1);
            assert!((x - expected.0).abs() < 1e-9 && (y - expected.1).abs() < 1e-9, "{text}: {x} {y}");
        }
        let matrix = Matrix::parse("rotate(30) scale(2 3) translate(7 8)");
        let (x, y) = matrix.apply(4.0, 5.0);
        let (back_x, back_y) = matrix.inverse().unwrap().apply(x, y);
        assert!((back_x - 4.0).abs() < 1e-9 && (back_y - 5.0).abs() < 1e-9);
        assert_eq!(Matrix::scale(0.0, 1.0).inverse(), None);
    }
}
