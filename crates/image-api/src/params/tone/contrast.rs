//! `contrast`: contrast around mid grey.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Contrast, from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast(pub f64);

impl Param for Contrast {
    const SPEC: Spec = Spec {
        name: "contrast",
        aliases: &[],
        summary: "Raises or lowers the contrast around mid grey.",
        help: "An S-curve that keeps black, mid grey and white, so that nothing is clipped; a negative value is its inverse.",
        grammar: Grammar::Decimal(-1.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[Example { source: "china.jpg", query: "width=200&contrast=0.4", shows: "more contrast" }],
    };

    number::decimal_methods!(neutral: 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("0", Contrast(0.0)), (".5", Contrast(0.5)), ("1", Contrast(1.0))]);
        check::clamps(&[("9", Contrast(1.0)), ("-9", Contrast(-1.0))]);
        check::rejects::<Contrast>(&["", "much", "1e1", "NaN"]);
        assert!(Contrast(0.0).is_neutral());
    }
}
