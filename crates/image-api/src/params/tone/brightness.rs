//! `brightness`: brightness of mid-tones; black and white are kept.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Brightness, from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brightness(pub f64);

impl Param for Brightness {
    const SPEC: Spec = Spec {
        name: "brightness",
        aliases: &[],
        summary: "Makes the image brighter or darker.",
        help: "A curve that keeps black and white, so that nothing is clipped; mid grey becomes 0.8 at 1 and 0.2 at -1.",
        grammar: Grammar::Decimal(-1.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[
            Example { source: "china.jpg", query: "width=200&brightness=0.3", shows: "brighter" },
            Example { source: "china.jpg", query: "width=200&brightness=-0.3", shows: "darker" },
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
        check::accepts(&[("0", Brightness(0.0)), (".5", Brightness(0.5)), ("1", Brightness(1.0))]);
        check::clamps(&[("9", Brightness(1.0)), ("-9", Brightness(-1.0))]);
        check::rejects::<Brightness>(&["", "much", "1e1", "NaN"]);
        assert!(Brightness(0.0).is_neutral());
    }
}
