//! `interlace`: progressive JPEG, interlaced PNG.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether JPEG is progressive and PNG interlaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interlace(pub bool);

impl Param for Interlace {
    const SPEC: Spec = Spec {
        name: "interlace",
        aliases: &[],
        summary: "Encodes progressive JPEG and interlaced PNG.",
        help: "Ignored for other formats.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[Example {
            source: "flower.jpg",
            query: "width=200&interlace=true",
            shows: "a progressive JPEG",
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
        check::accepts(&[("true", Interlace(true)), ("", Interlace(true)), ("0", Interlace(false))]);
        check::rejects::<Interlace>(&["perhaps"]);
        assert!(Interlace(false).is_neutral());
    }
}
