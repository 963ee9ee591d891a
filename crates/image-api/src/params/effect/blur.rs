//! `blur`: Gaussian blur.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Strength from 0 to 100: four times the sigma in output pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blur(pub f64);

/// Strength per pixel of sigma, chosen so that the strongest blur, 100, is still fast.
const STRENGTH_PER_SIGMA: f64 = 4.0;

impl Blur {
    /// Standard deviation of the Gaussian, in output pixels.
    pub fn sigma(self) -> f64 {
        self.0 / STRENGTH_PER_SIGMA
    }
}

impl Param for Blur {
    const SPEC: Spec = Spec {
        name: "blur",
        aliases: &[],
        summary: "Blurs the image (Gaussian blur).",
        help: "A value of 4 is a sigma of 1 output pixel.",
        grammar: Grammar::Decimal(0.0, 100.0),
        default: "0",
        needs: &[],
        examples: &[Example {
            source: "flower.jpg",
            query: "width=200&blur=20",
            shows: "a blur of sigma 5 pixels",
        }],
    };

    number::decimal_methods!(neutral: 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("0", Blur(0.0)), ("12.5", Blur(12.5)), ("100", Blur(100.0))]);
        check::clamps(&[("-1", Blur(0.0)), ("1000", Blur(100.0))]);
        check::rejects::<Blur>(&["", "much"]);
        assert!(Blur(0.0).is_neutral());
    }
}
