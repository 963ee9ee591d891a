//! `flip`: the picture is mirrored.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether: the picture is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flip(pub bool);

impl Param for Flip {
    const SPEC: Spec = Spec {
        name: "flip",
        aliases: &[],
        summary: "Mirrors left and right.",
        help: "After turning; with `rotate=180` the picture is mirrored top to bottom.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[Example {
            source: "chelsea.png",
            query: "width=200&flip=true",
            shows: "the cat looks the other way",
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
