//! `trim`: removes a border of one colour.

use crate::params::spec::{Example, Expected, Grammar, Param, Reading, Spec};

/// How a border is detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// By its colour, `trim_color`.
    Color,
}

impl Param for Trim {
    const SPEC: Spec = Spec {
        name: "trim",
        aliases: &[],
        summary: "Removes a border of one colour, before all other steps.",
        help: "The colour is `trim_color`; transparent pixels count as that colour. In an animation, a pixel is border only if it is border in every frame. An image that consists of border only is unchanged.",
        grammar: Grammar::Keyword(&["color"]),
        default: "no trimming",
        needs: &[],
        examples: &[Example {
            source: "coffee-bordered.png",
            query: "trim=color",
            shows: "the white border is removed",
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
