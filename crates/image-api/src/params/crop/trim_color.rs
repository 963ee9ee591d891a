//! `trim_color`: the colour that is trimmed.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::colour::{self, Colour},
};

/// The colour that is trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrimColor(pub Colour);

impl Param for TrimColor {
    const SPEC: Spec = Spec {
        name: "trim_color",
        aliases: &[],
        summary: "The colour that `trim=color` removes.",
        help: "A pixel counts as this colour if no channel differs by more than 10 of 255. A transparent colour, `0000`, removes transparent pixels only, whatever their colour channels; a translucent one removes transparent pixels, and pixels of its colour that are not more opaque.",
        grammar: Grammar::Colour,
        default: "white",
        needs: &["trim"],
        examples: &[Example {
            source: "coffee-bordered.png",
            query: "trim=color&trim_color=f8f8f8",
            shows: "a white border is within the tolerance of this grey",
        }],
    };

    colour::methods!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        let clear = Colour { red: 0, green: 0, blue: 0, alpha: 0 };
        check::accepts(&[
            ("white", TrimColor(Colour::WHITE)),
            ("#FFF", TrimColor(Colour::WHITE)),
            ("0000", TrimColor(clear)),
        ]);
        check::rejects::<TrimColor>(&["", "notacolour", "#12"]);
    }
}
