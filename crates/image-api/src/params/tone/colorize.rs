//! `colorize`: one colour over the whole picture.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::colour::{self, Colour},
};

/// The colour; its opacity is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colorize(pub Colour);

impl Param for Colorize {
    const SPEC: Spec = Spec {
        name: "colorize",
        aliases: &[],
        summary: "Lays one colour over the picture, which keeps its light and shade.",
        help: "How much of it is set by `colorize_intensity`.",
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
