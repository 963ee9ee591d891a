//! `vibrance`: saturation of dull colours.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Vibrance, from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vibrance(pub f64);

impl Param for Vibrance {
    const SPEC: Spec = Spec {
        name: "vibrance",
        aliases: &[],
        summary: "Raises or lowers the saturation of dull colours.",
        help: "Saturated colours change less, and skin tones half as much, in both directions.",
        grammar: Grammar::Decimal(-1.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[Example {
            source: "coffee.png",
            query: "width=200&vibrance=1",
            shows: "dull colours change most",
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
        check::accepts(&[("0", Vibrance(0.0)), (".5", Vibrance(0.5)), ("1", Vibrance(1.0))]);
        check::clamps(&[("9", Vibrance(1.0)), ("-9", Vibrance(-1.0))]);
        check::rejects::<Vibrance>(&["", "much", "1e1", "NaN"]);
        assert!(Vibrance(0.0).is_neutral());
    }
}
