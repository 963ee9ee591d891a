//! `saturation`: saturation.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// Saturation, from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saturation(pub f64);

impl Param for Saturation {
    const SPEC: Spec = Spec {
        name: "saturation",
        aliases: &[],
        summary: "More or less colour.",
        help: "-1 is grey, 1 twice as colourful.",
        grammar: Grammar::Decimal(-1.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[
            Example { source: "flower.jpg", query: "width=200&saturation=0.6", shows: "more colour" },
            Example { source: "flower.jpg", query: "width=200&saturation=-0.7", shows: "less colour" },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        number::decimal(raw, Self::SPEC.grammar.decimals()).map(|reading| reading.map(Self))
    }

    fn canonical(&self, out: &mut String) {
        number::canonical(self.0, out);
    }

    fn is_neutral(&self) -> bool {
        self.0 == 0.0
    }
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
