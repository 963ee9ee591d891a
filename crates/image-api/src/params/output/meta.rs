//! `meta`: the picture is described instead of shown.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether the picture is described instead of shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta(pub bool);

impl Param for Meta {
    const SPEC: Spec = Spec {
        name: "meta",
        aliases: &[],
        summary: "Answers with JSON about the picture instead of the picture.",
        help: "It describes the answer that the other parameters make, or the original when there are none. See [metadata](metadata.md).",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[
            Example {
                source: "astronaut-gps-orient6.jpg",
                query: "meta=true",
                shows: "a photograph with EXIF, as it is stored",
            },
            Example {
                source: "china.jpg",
                query: "meta=true&width=200&format=webp",
                shows: "the WebP that would have been the answer",
            },
        ],
    };

    boolean::methods!(false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("true", Meta(true)), ("", Meta(true)), ("0", Meta(false))]);
        check::rejects::<Meta>(&["json"]);
        assert!(Meta(false).is_neutral());
    }
}
