//! `shadow`: brightness of shadows.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Brightness of shadows, from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shadow(pub f64);

impl Param for Shadow {
    const SPEC: Spec = Spec {
        name: "shadow",
        aliases: &["shadows"],
        summary: "Lifts or deepens shadows.",
        help: "Depends on the local luminance around each pixel, so that details keep their contrast.",
        grammar: Grammar::Decimal(-1.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[Example { source: "rocket.jpg", query: "width=200&shadow=1", shows: "lifted shadows" }],
    };

    number::decimal_methods!(neutral: 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("0", Shadow(0.0)), (".5", Shadow(0.5)), ("1", Shadow(1.0))]);
        check::clamps(&[("9", Shadow(1.0)), ("-9", Shadow(-1.0))]);
        check::rejects::<Shadow>(&["", "much", "1e1", "NaN"]);
        assert!(Shadow(0.0).is_neutral());
    }
}
