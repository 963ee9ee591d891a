//! `colorize`: tints the whole image with one colour.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::colour::{self, Colour},
};

/// The colour; its alpha is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colorize(pub Colour);

impl Param for Colorize {
    const SPEC: Spec = Spec {
        name: "colorize",
        aliases: &[],
        summary: "Tints the image with one colour, keeping its luma.",
        help: "The strength is set by `colorize_intensity`.",
        grammar: Grammar::Colour,
        default: "no colour",
        needs: &[],
        examples: &[Example {
            source: "astronaut.png",
            query: "width=200&colorize=1e78dc&colorize_intensity=70",
            shows: "mostly blue",
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
        check::accepts(&[("rgb(255,255,255)", Colorize(Colour::WHITE)), ("fff", Colorize(Colour::WHITE))]);
        check::rejects::<Colorize>(&["", "notacolour"]);
    }
}
