//! Small planes of numbers and their Gaussian blur, for measurements on an image.

use std::ops::Range;

/// A plane of numbers, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Numbers per row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// All numbers.
    pub values: Vec<f32>,
}

/// Radius of the kernel, in sigmas.
const REACH: f32 = 3.0;

impl Plane {
    /// A plane of zeros.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, values: vec![0.0; width * height] }
    }

    /// The mean of a non-empty area.
    pub fn mean(&self, columns: Range<usize>, rows: Range<usize>) -> f32 {
        let count = (columns.len() * rows.len()) as f32;
        rows.flat_map(|row| &self.values[row * self.width..][columns.clone()]).sum::<f32>() / count
    }

    /// Blurs by a Gaussian with this sigma, in cells and above 0; edge values are extended.
    pub fn blurred(&self, sigma: f32) -> Self {
        let radius = (REACH * sigma).ceil() as isize;
        let weights: Vec<f32> =
            (-radius..=radius).map(|at| (-0.5 * (at as f32 / sigma).powi(2)).exp()).collect();
        let sum: f32 = weights.iter().sum();
        let weights: Vec<f32> = weights.iter().map(|weight| weight / sum).collect();
        self.turned_and_blurred(&weights).turned_and_blurred(&weights)
    }

    /// Blurs the rows and transposes the plane.
    fn turned_and_blurred(&self, weights: &[f32]) -> Self {
        let radius = weights.len() as isize / 2;
        let mut turned = Self::new(self.height, self.width);
        for (index, row) in self.values.chunks_exact(self.width.max(1)).enumerate() {
            for column in 0..self.width {
                let at = |offset: usize| {
                    let place = column as isize + offset as isize - radius;
                    row[place.clamp(0, self.width as isize - 1) as usize]
                };
                let blurred = weights.iter().enumerate().map(|(offset, weight)| weight * at(offset)).sum();
                turned.values[column * self.height + index] = blurred;
            }
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_keeps_the_sum_and_spreads_evenly() {
        let mut plane = Plane::new(41, 31);
        plane.values[15 * 41 + 20] = 1.0;
        let blurred = plane.blurred(2.0);
        assert_eq!((blurred.width, blurred.height), (41, 31));
        assert!((blurred.values.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        let at = |x: usize, y: usize| blurred.values[y * 41 + x];
        assert!((at(20, 15) - 0.0398).abs() < 1e-3, "{}", at(20, 15));
        assert!((at(23, 15) - at(20, 18)).abs() < 1e-6 && (at(17, 15) - at(23, 15)).abs() < 1e-6);
        let mut flat = Plane::new(3, 5);
        flat.values.fill(0.7);
        assert!(flat.blurred(4.0).values.iter().all(|value| (value - 0.7).abs() < 1e-5));
        assert!((flat.mean(0..2, 1..5) - 0.7).abs() < 1e-6);
    }
}
