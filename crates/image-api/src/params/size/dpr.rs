//! `dpr`: device pixels per CSS pixel.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// Device pixel ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dpr(pub f64);

impl Param for Dpr {
    const SPEC: Spec = Spec {
        name: "dpr",
        aliases: &["scale"],
        summary: "Multiplies `width` and `height` by the device pixel ratio.",
        help: "The product is rounded. The numbers of a custom `crop` are not multiplied.",
        grammar: Grammar::Decimal(0.1, 10.0),
        default: "1",
        needs: &["width", "height"],
        examples: &[Example {
            source: "china.jpg",
            query: "width=150&dpr=2",
            shows: "300 pixels wide, for a device pixel ratio of 2",
        }],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        let reading = number::decimal(raw, Self::SPEC.grammar.decimals())?;
        // a ratio of 0 or less counts as absent: scripts that do not know theirs send it
        let is_absent = reading.clamped && number::finite(raw).is_some_and(|ratio| ratio <= 0.0);
        Ok(reading.map(|ratio| Self(if is_absent { 1.0 } else { ratio })))
    }

    fn canonical(&self, out: &mut String) {
        number::canonical(self.0, out);
    }

    fn is_neutral(&self) -> bool {
        (self.0 - 1.0).abs() < f64::EPSILON
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("2", Dpr(2.0)), (".5", Dpr(0.5)), ("1.25", Dpr(1.25))]);
        check::clamps(&[("0", Dpr(1.0)), ("-2", Dpr(1.0)), ("0.05", Dpr(0.1)), ("11", Dpr(10.0))]);
        check::rejects::<Dpr>(&["", "2x", "retina"]);
        assert!(Dpr(1.0).is_neutral() && !Dpr(2.0).is_neutral());
    }
}
