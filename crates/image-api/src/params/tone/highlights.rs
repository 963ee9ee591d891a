//! `highlights`: brightness of highlights.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Brightness of highlights, from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Highlights(pub f64);

impl Param for Highlights {
    const SPEC: Spec = Spec {
        name: "highlights",
        aliases: &[],
        summary: "Lifts or recovers highlights.",
        help: "Depends on the local luminance around each pixel, so that details keep their contrast.",
        grammar: Grammar::Decimal(-1.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[Example {
            source: "china.jpg",
            query: "width=200&highlights=-1",
            shows: "more detail in the sky",
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
        check::accepts(&[("0", Highlights(0.0)), (".5", Highlights(0.5)), ("1", Highlights(1.0))]);
        check::clamps(&[("9", Highlights(1.0)), ("-9", Highlights(-1.0))]);
        check::rejects::<Highlights>(&["", "much", "1e1", "NaN"]);
        assert!(Highlights(0.0).is_neutral());
    }
}
