//! Structural similarity (SSIM; Wang et al., IEEE TIP 13, 2004) of luma, as computed by the IQA library of T. Distler
//! for jpeg-archive, but at full resolution.
//!
//! IQA downscales images whose shorter side has at least 384 pixels before comparing them, which hides losses: one
//! target would mean a lower quality for such images, and another quality from one pixel of size to the next.

use super::plane::Plane;

/// Side of the sliding window, in pixels.
const WINDOW: usize = 8;

/// Stabilising constants for dark and flat windows: (0.01 · 255)² and (0.03 · 255)².
const C1: f64 = 6.5025;
const C2: f64 = 58.5225;

/// Sums over a window: x, y, x², y², xy.
type Sums = [f64; 5];

/// The mean SSIM of two images of one size; 1 means equal.
pub fn compare(reference: &Plane<u8>, other: &Plane<u8>) -> f64 {
    let decimal = |plane: &Plane<u8>| Plane {
        width: plane.width,
        values: plane.values.iter().map(|level| f64::from(*level)).collect(),
    };
    mean(&decimal(reference), &decimal(other))
}

/// The mean SSIM over all windows. Running sums make the time independent of the window's size.
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

/// The SSIM of one window of `n` pixels.
fn similarity(sums: Sums, n: f64) -> f64 {
    let [x, y, xx, yy, xy] = sums.map(|sum| sum / n);
    let (variances, covariance) = (xx - x * x + yy - y * y, xy - x * y);
    (2.0 * x * y + C1) * (2.0 * covariance + C2) / ((x * x + y * y + C1) * (variances + C2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_smaller_than_a_window_are_compared() {
        let dot = Plane { width: 1, values: vec![9] };
        assert!((compare(&dot, &dot) - 1.0).abs() < 1e-12);
    }
}
