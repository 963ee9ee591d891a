//! Structural similarity of luma, as the IQA library of T. Distler computes it for jpeg-archive.

use super::luma::Plane;

/// Side of the window, in pixels.
const WINDOW: usize = 8;

/// Shorter side to which pictures are brought, about, before they are compared.
const SHORT_SIDE: f64 = 256.0;

/// What keeps dark and flat windows from dividing by nothing: (0.01 · 255)² and (0.03 · 255)².
const C1: f64 = 6.5025;
const C2: f64 = 58.5225;

/// Sums over a window: of both pictures, of their squares, of their product.
type Sums = [f64; 5];

/// The picture that others are compared with.
#[derive(Debug)]
pub struct Reference {
    shrunk: Plane<f64>,
    factor: usize,
}

impl Reference {
    /// Looks at a picture. `side` is the smaller side of the whole that it belongs to.
    pub fn new(luma: &Plane<u8>, side: u32) -> Self {
        let factor = ((f64::from(side) / SHORT_SIDE + 0.5) as usize).max(1);
        Self { shrunk: shrink(luma, factor), factor }
    }

    /// The mean similarity; 1 is equal.
    pub fn compare(&self, other: &Plane<u8>) -> f64 {
        mean(&self.shrunk, &shrink(other, self.factor))
    }
}

/// Means of squares of `factor` pixels around every `factor`-th pixel; edges are mirrored.
fn shrink(plane: &Plane<u8>, factor: usize) -> Plane<f64> {
    if factor == 1 {
        return Plane {
            width: plane.width,
            values: plane.values.iter().map(|level| f64::from(*level)).collect(),
        };
    }
    // what is left over at the end counts when the side is odd
    let size = |side: usize| side.div_ceil(factor).min(side / factor + side % 2).max(1);
    let (width, height) = (size(plane.width), size(plane.height()));
    let near = |center: usize, side: usize| {
        let first = (center * factor) as isize - (factor / 2) as isize;
        (first..first + factor as isize).map(move |place| mirrored(place, side))
    };
    let mean = |x: usize, y: usize| {
        let rows = near(y, plane.height());
        let sum: u64 = rows
            .flat_map(|row| {
                near(x, plane.width).map(move |column| u64::from(plane.values[row * plane.width + column]))
            })
            .sum();
        sum as f64 / (factor * factor) as f64
    };
    let values = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| mean(x, y)).collect();
    Plane { width, values }
}

/// A place beyond an edge is the one as far on this side of it.
fn mirrored(place: isize, side: usize) -> usize {
    let last = side as isize - 1;
    let inside = if place < 0 { -1 - place } else { place.min(2 * last + 1 - place) };
    inside.clamp(0, last) as usize
}

/// Mean similarity of all windows that lie inside; sums move along, so that the size of a window costs nothing.
fn mean(a: &Plane<f64>, b: &Plane<f64>) -> f64 {
    let (width, height) = (a.width, a.height());
    let (across, down) = (WINDOW.min(width), WINDOW.min(height));
    let terms = |at: usize| {
        let (x, y) = (a.values[at], b.values[at]);
        [x, y, x * x, y * y, x * y]
    };
    let mut columns = vec![[0.0; 5]; width];
    let (mut total, mut count) = (0.0, 0u64);
    for row in 0..height {
        for (x, column) in columns.iter_mut().enumerate() {
            add(column, terms(row * width + x), 1.0);
            if row >= down {
                add(column, terms((row - down) * width + x), -1.0);
            }
        }
        if row + 1 < down {
            continue;
        }
        let mut window = [0.0; 5];
        for x in 0..width {
            add(&mut window, columns[x], 1.0);
            if x >= across {
                add(&mut window, columns[x - across], -1.0);
            }
            if x + 1 >= across {
                total += similarity(window, (across * down) as f64);
                count += 1;
            }
        }
    }
    total / count as f64
}

fn add(sums: &mut Sums, terms: Sums, sign: f64) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += sign * term;
    }
}

/// The index of one window of `n` pixels.
fn similarity(sums: Sums, n: f64) -> f64 {
    let [x, y, xx, yy, xy] = sums.map(|sum| sum / n);
    let (variances, covariance) = (xx - x * x + yy - y * y, xy - x * y);
    (2.0 * x * y + C1) * (2.0 * covariance + C2) / ((x * x + y * y + C1) * (variances + C2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_beyond_an_edge_are_mirrored() {
        let places: Vec<_> = (-3..7).map(|place| mirrored(place, 4)).collect();
        assert_eq!(places, [2, 1, 0, 0, 1, 2, 3, 3, 2, 1]);
        assert_eq!(mirrored(-9, 2), 1);
    }

    #[test]
    fn an_odd_side_keeps_its_rest() {
        let size = |width: usize, height: usize| {
            let shrunk = shrink(&Plane { width, values: vec![7; width * height] }, 4);
            assert!(shrunk.values.iter().all(|value| (value - 7.0).abs() < 1e-12));
            (shrunk.width, shrunk.height())
        };
        assert_eq!(size(1026, 1025), (256, 257));
        assert_eq!(size(2, 2), (1, 1));
    }

    #[test]
    fn pictures_smaller_than_a_window_are_compared_too() {
        let dot = Plane { width: 1, values: vec![9] };
        assert!((Reference::new(&dot, 1).compare(&dot) - 1.0).abs() < 1e-12);
    }
}
