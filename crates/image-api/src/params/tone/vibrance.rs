//! `vibrance`: vibrance.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// Vibrance, from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vibrance(pub f64);

impl Param for Vibrance {
    const SPEC: Spec = Spec {
        name: "vibrance",
        aliases: &[],
        summary: "More or less colour where there is little of it.",
        help: "Strong colours change less, and skin half as much, both ways.",
        grammar: Grammar::Decimal(-1.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[Example {
            source: "coffee.png",
            query: "width=200&vibrance=1",
            shows: "duller colours gain most",
        }],
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
        check::accepts(&[("0", Vibrance(0.0)), (".5", Vibrance(0.5)), ("1", Vibrance(1.0))]);
        check::clamps(&[("9", Vibrance(1.0)), ("-9", Vibrance(-1.0))]);
        check::rejects::<Vibrance>(&["", "much", "1e1", "NaN"]);
        assert!(Vibrance(0.0).is_neutral());
    }
}
