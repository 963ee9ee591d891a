//! `warmth`: colour temperature, from cold to warm.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Warmth, from -1 (cold) to 1 (warm).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warmth(pub f64);

impl Param for Warmth {
    const SPEC: Spec = Spec {
        name: "warmth",
        aliases: &[],
        summary: "Makes colours warmer or colder.",
        help: "Lightness is kept.",
        grammar: Grammar::Decimal(-1.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[
            Example { source: "china.jpg", query: "width=200&warmth=0.7", shows: "evening light" },
            Example { source: "china.jpg", query: "width=200&warmth=-0.7", shows: "cold light" },
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
        check::accepts(&[("0", Warmth(0.0)), (".5", Warmth(0.5)), ("1", Warmth(1.0))]);
        check::clamps(&[("9", Warmth(1.0)), ("-9", Warmth(-1.0))]);
        check::rejects::<Warmth>(&["", "much", "1e1", "NaN"]);
        assert!(Warmth(0.0).is_neutral());
    }
}
