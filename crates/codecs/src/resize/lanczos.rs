//! The Lanczos kernel of radius 3 with one sine of a polynomial. That of the library takes two sines of the C library for each
//! weight, which was 2 % of the CPU time of a JPEG of 2040 pixels scaled to 512.

use std::f64::consts::PI;

/// Distance at which the kernel ends, in pixels of the result.
pub const SUPPORT: f64 = 3.0;

/// sinc(x) · sinc(x / 3) for |x| < 3, else 0, where sinc(x) = sin(πx) / πx. Off by less than 10⁻⁹.
///
/// With t = sin(πx / 3), sin(πx) = 3t − 4t³, so that the product is 3t² (3 − 4t²) / (πx)².
pub fn lanczos3(x: f64) -> f64 {
    let angle = PI / SUPPORT * x.abs();
    if angle >= PI {
        return 0.0;
    }
    if angle < 1e-6 {
        return 1.0;
    }
    let square = sine(angle.min(PI - angle)).powi(2);
    square * (3.0 - 4.0 * square) / (SUPPORT * angle * angle)
}

/// 1 / 2·3, 1 / 4·5, …: factors of the power series of the sine.
const FACTORS: [f64; 7] =
    [1.0 / 6.0, 1.0 / 20.0, 1.0 / 42.0, 1.0 / 72.0, 1.0 / 110.0, 1.0 / 156.0, 1.0 / 210.0];

/// The sine of 0 to π/2: its power series up to x¹⁵, whose next term is below 10⁻¹¹.
fn sine(x: f64) -> f64 {
    let square = x * x;
    // x - x³/3! + x⁵/5! - … = x (1 - x²/(2·3) (1 - x²/(4·5) (1 - …)))
    x * FACTORS.iter().rev().fold(1.0, |rest, factor| 1.0 - square * factor * rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_that_of_the_definition() {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        for step in -40_000..=40_000 {
            let x = f64::from(step) / 10_000.0;
            let expected = if x.abs() < SUPPORT { sinc(x) * sinc(x / SUPPORT) } else { 0.0 };
            assert!((lanczos3(x) - expected).abs() < 1e-9, "{x}: {} instead of {expected}", lanczos3(x));
        }
        assert!((lanczos3(1e-9) - 1.0).abs() < 1e-9);
    }
}
