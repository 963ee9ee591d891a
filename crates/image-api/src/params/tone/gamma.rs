//! `gamma`: gamma correction of mid-tones.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Gamma correction, from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gamma(pub f64);

impl Param for Gamma {
    const SPEC: Spec = Spec {
        name: "gamma",
        aliases: &[],
        summary: "Makes mid-tones lighter or darker; black and white are kept.",
        help: "A value of g is an exponent of 1/2^g: from 2 to 1/2.",
        grammar: Grammar::Decimal(-1.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[Example {
            source: "rocket.jpg",
            query: "width=200&gamma=0.7",
            shows: "lighter mid-tones",
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
        check::accepts(&[("0", Gamma(0.0)), (".5", Gamma(0.5)), ("1", Gamma(1.0))]);
        check::clamps(&[("9", Gamma(1.0)), ("-9", Gamma(-1.0))]);
        check::rejects::<Gamma>(&["", "much", "1e1", "NaN"]);
        assert!(Gamma(0.0).is_neutral());
    }
}
