//! `pad_color`: the colour of padding, borders and blank corners.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::colour::{self, Colour},
};

/// The colour of padding, borders and blank corners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PadColor(pub Colour);

impl Param for PadColor {
    const SPEC: Spec = Spec {
        name: "pad_color",
        aliases: &[],
        summary: "The colour of padding, borders and blank corners, and behind transparency when alpha is removed.",
        help: "`0000` is transparent, if the format supports it.",
        grammar: Grammar::Colour,
        default: "white",
        needs: &["pad", "crop", "rotate", "angle", "flatten", "force_jpg", "format"],
        examples: &[Example {
            source: "chelsea.png",
            query: "width=200&pad=12&pad_color=orange",
            shows: "an orange border",
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
            ("white", PadColor(Colour::WHITE)),
            ("#FFF", PadColor(Colour::WHITE)),
            ("0000", PadColor(clear)),
        ]);
        check::rejects::<PadColor>(&["", "notacolour", "#12"]);
    }
}
