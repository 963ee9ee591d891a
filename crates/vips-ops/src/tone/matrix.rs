//! Colour matrices: each output channel is a weighted sum of the input channels.

use super::luma::LUMA;

/// One row per output channel: weights of red, green and blue, and a constant; all for values from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix(pub [[f32; 4]; 3]);

impl Matrix {
    /// Saturation from -1 (grey, by luma) over 0 (unchanged) to 1 (twice as saturated): Haeberli, "Matrix Operations
    /// for Image Processing", 1993.
    pub fn saturation(saturation: f32) -> Self {
        let keep = 1.0 + saturation;
        let mut rows = [[0.0; 4]; 3];
        for (index, row) in rows.iter_mut().enumerate() {
            for (column, weight) in LUMA.iter().enumerate() {
                row[column] = (1.0 - keep) * weight + if index == column { keep } else { 0.0 };
            }
        }
        Self(rows)
    }

    /// Monochrome: every channel becomes the same weighted sum.
    pub fn mono(weights: [f32; 3]) -> Self {
        let [red, green, blue] = weights;
        Self([[red, green, blue, 0.0]; 3])
    }

    /// A gain per channel.
    pub fn gains([red, green, blue]: [f32; 3]) -> Self {
        Self([[red, 0.0, 0.0, 0.0], [0.0, green, 0.0, 0.0], [0.0, 0.0, blue, 0.0]])
    }

    /// The composition: first `self`, then `next`.
    pub fn then(self, next: Self) -> Self {
        Self(next.0.map(|row| {
            let mut mixed = [0.0, 0.0, 0.0, row[3]];
            for (weight, inner) in row.iter().zip(self.0) {
                for (slot, value) in mixed.iter_mut().zip(inner) {
                    *slot += weight * value;
                }
            }
            mixed
        }))
    }

    /// The transformed colour, not clamped.
    pub fn apply(&self, [red, green, blue]: [f32; 3]) -> [f32; 3] {
        self.0.map(|row| row[0] * red + row[1] * green + row[2] * blue + row[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: [f32; 3], b: [f32; 3]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
    }

    #[test]
    fn saturation_keeps_greys_and_minus_one_gives_luma() {
        let colour = [0.2, 0.5, 0.9];
        assert!(near(Matrix::saturation(0.0).apply(colour), colour));
        assert!(near(Matrix::saturation(0.7).apply([0.4; 3]), [0.4; 3]));
        assert!(near(Matrix::saturation(-1.0).apply(colour), [crate::tone::luma::luma(colour); 3]));
    }

    #[test]
    fn composition_applies_both_matrices() {
        let (first, second) = (Matrix::saturation(0.4), Matrix([[0.5, 0.2, 0.1, 0.03]; 3]));
        let colour = [0.3, 0.6, 0.1];
        assert!(near(first.then(second).apply(colour), second.apply(first.apply(colour))));
        let identity = Matrix::saturation(0.0);
        assert!(near(identity.then(second).apply(colour), second.apply(colour)));
    }
}
