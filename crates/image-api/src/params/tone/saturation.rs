//! `saturation`: intensity of all colours.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Saturation, from -1 (greyscale) to 1 (twice as saturated).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saturation(pub f64);

impl Param for Saturation {
    const SPEC: Spec = Spec {
        name: "saturation",
        aliases: &[],
        summary: "Raises or lowers the saturation of all colours.",
        help: "-1 is greyscale, 1 is twice as saturated.",
        grammar: Grammar::Decimal(-1.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[
            Example { source: "flower.jpg", query: "width=200&saturation=0.6", shows: "more colour" },
            Example { source: "flower.jpg", query: "width=200&saturation=-0.7", shows: "less colour" },
        ],
    };

    number::decimal_methods!(neutral: 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("0", Saturation(0.0)), (".5", Saturation(0.5)), ("1", Saturation(1.0))]);
        check::clamps(&[("9", Saturation(1.0)), ("-9", Saturation(-1.0))]);
        check::rejects::<Saturation>(&["", "much", "1e1", "NaN"]);
        assert!(Saturation(0.0).is_neutral());
    }
}
