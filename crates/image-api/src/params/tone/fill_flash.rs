//! `fill_flash`: brightens shadows like a fill flash.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Strength of the fill flash, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FillFlash(pub f64);

impl Param for FillFlash {
    const SPEC: Spec = Spec {
        name: "fill_flash",
        aliases: &[],
        summary: "Brightens dark areas like a fill flash.",
        help: "By up to 1.8 stops where the surroundings are dark; highlights are protected.",
        grammar: Grammar::Decimal(0.0, 1.0),
        default: "0",
        needs: &[],
        examples: &[Example {
            source: "rocket.jpg",
            query: "width=200&fill_flash=1",
            shows: "a brighter foreground",
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
        check::accepts(&[("0", FillFlash(0.0)), (".5", FillFlash(0.5)), ("1", FillFlash(1.0))]);
        check::clamps(&[("9", FillFlash(1.0)), ("-0.1", FillFlash(0.0))]);
        check::rejects::<FillFlash>(&["", "much", "1e1", "NaN"]);
        assert!(FillFlash(0.0).is_neutral());
    }
}
