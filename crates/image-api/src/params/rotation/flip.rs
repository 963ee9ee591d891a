//! `flip`: mirrors the image horizontally.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether the image is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flip(pub bool);

impl Param for Flip {
    const SPEC: Spec = Spec {
        name: "flip",
        aliases: &[],
        summary: "Mirrors the image left to right.",
        help: "After rotation; with `rotate=180` the image is mirrored top to bottom.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[Example {
            source: "chelsea.png",
            query: "width=200&flip=true",
            shows: "the cat, mirrored",
        }],
    };

    boolean::methods!(false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("true", Flip(true)), ("", Flip(true)), ("0", Flip(false))]);
        check::rejects::<Flip>(&["perhaps"]);
        assert!(Flip(false).is_neutral());
    }
}
