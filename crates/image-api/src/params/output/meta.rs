//! `meta`: a description of the image as JSON, instead of the image.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether the response is a description instead of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta(pub bool);

impl Param for Meta {
    const SPEC: Spec = Spec {
        name: "meta",
        aliases: &[],
        summary: "Responds with a JSON description of the image instead of the image.",
        help: "It describes the image processed by the other parameters, or the original if there are none. See [metadata](metadata.md).",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[
            Example {
                source: "astronaut-gps-orient6.jpg",
                query: "meta=true",
                shows: "a photograph with EXIF, as stored",
            },
            Example {
                source: "china.jpg",
                query: "meta=true&width=200&format=webp",
                shows: "the WebP that would be the output",
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
