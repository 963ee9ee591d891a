//! `trim`: cuts a border of one colour.

use crate::params::spec::{Example, Expected, Grammar, Param, Reading, Spec};

/// How a border is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// By its colour, `trim_color`.
    Color,
}

impl Param for Trim {
    const SPEC: Spec = Spec {
        name: "trim",
        aliases: &[],
        summary: "Cuts a border of one colour, before everything else.",
        help: "The colour is `trim_color`; transparent pixels count as that colour. Of an animation, what is border in every frame is cut. A picture that is nothing but border stays as it is.",
        grammar: Grammar::Keyword(&["color"]),
        default: "no trimming",
        needs: &[],
        examples: &[Example {
            source: "coffee-bordered.png",
            query: "trim=color",
            shows: "the white border is gone",
        }],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        if raw.trim().eq_ignore_ascii_case("color") {
            Ok(Reading::exact(Self::Color))
        } else {
            Err("color".into())
        }
    }

    fn canonical(&self, out: &mut String) {
        out.push_str("color");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("color", Trim::Color), ("Color", Trim::Color)]);
        check::rejects::<Trim>(&["", "colour", "auto", "10"]);
    }
}
