//! `sharp_amount`: sharpening.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Strength of an unsharp mask from 0 to 100; at 50 the difference to the blurred image is added once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharpAmount(pub f64);

impl Param for SharpAmount {
    const SPEC: Spec = Spec {
        name: "sharp_amount",
        aliases: &[],
        summary: "Sharpens the image (unsharp mask).",
        help: "The strength of the unsharp mask is amount / 50; `sharp_radius` sets its radius.",
        grammar: Grammar::Decimal(0.0, 100.0),
        default: "0",
        needs: &[],
        examples: &[Example {
            source: "chelsea.png",
            query: "width=200&sharp_amount=50",
            shows: "crisper fur",
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
        check::accepts(&[("0", SharpAmount(0.0)), ("12.5", SharpAmount(12.5)), ("100", SharpAmount(100.0))]);
        check::clamps(&[("-1", SharpAmount(0.0)), ("1000", SharpAmount(100.0))]);
        check::rejects::<SharpAmount>(&["", "much"]);
        assert!(SharpAmount(0.0).is_neutral());
    }
}
