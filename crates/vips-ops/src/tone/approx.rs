//! Fast approximations of functions that are evaluated for every pixel: lookup tables, or polynomials that vectorise.

/// Steps of a table: a multiple of 255, so that 8-bit levels are exact.
const STEPS: u16 = 16 * 255;

/// Entries of a table: the next power of two, so that an index needs no bounds check.
const ENTRIES: usize = 4096;

/// A function over 0 to 1, tabulated at evenly spaced points; the nearest one is returned.
pub struct Table(Box<[f32; ENTRIES]>);

impl Table {
    /// Tabulates a function.
    pub fn new(function: impl Fn(f32) -> f32) -> Self {
        let mut values = Box::new([0.0; ENTRIES]);
        for (value, step) in values.iter_mut().zip(0..=STEPS) {
            *value = function(f32::from(step) / f32::from(STEPS));
        }
        Self(values)
    }

    /// The value at `x`, which must be from 0 to 1.
    #[inline]
    pub fn at(&self, x: f32) -> f32 {
        self.0[(x * f32::from(STEPS) + 0.5) as i32 as usize % ENTRIES]
    }
}

/// `e^x` for x up to 4: relative error below 2e-4 above −4, and close to 0 below. The Taylor series at x/16, raised to
/// the 16th power.
#[inline]
pub fn exp(x: f32) -> f32 {
    let part = x.max(-16.0) / 16.0;
    let mut power = 1.0 + part * (1.0 + part * (0.5 + part * (1.0 / 6.0 + part / 24.0)));
    for _ in 0..4 {
        power *= power;
    }
    power
}

/// `x^1.5` for non-negative x.
#[inline]
pub fn power_three_halves(x: f32) -> f32 {
    x * x.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_exact_at_8_bit_levels() {
        let square = Table::new(|x| x * x);
        for level in 0..=255u8 {
            let x = f32::from(level) / 255.0;
            assert!((square.at(x) - x * x).abs() < 1e-6, "{level}");
        }
        assert!((square.at(0.123_456) - 0.015_241).abs() < 1e-4);
        assert!((square.at(1.0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn exp_is_accurate() {
        for step in -80..=40i16 {
            let x = f32::from(step) / 20.0;
            assert!((exp(x) / x.exp() - 1.0).abs() < 2e-4, "{x}: {} {}", exp(x), x.exp());
        }
        assert!(exp(-10.0) < 1e-4 && exp(-1000.0) < 1e-6);
    }
}
