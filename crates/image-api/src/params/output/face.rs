//! `face`: includes faces in the description.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether the description includes faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face(pub bool);

impl Param for Face {
    const SPEC: Spec = Spec {
        name: "face",
        aliases: &[],
        summary: "Includes detected faces in the description.",
        help: "In pixels of the upright original, or of the processed image if there are other parameters. Needs the models that \
               `make vendor` fetches.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &["meta"],
        examples: &[Example { source: "astronaut.png", query: "meta=true&face=true", shows: "one face" }],
    };

    boolean::methods!(false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("true", Face(true)), ("", Face(true)), ("0", Face(false))]);
        check::rejects::<Face>(&["json"]);
        assert!(Face(false).is_neutral());
    }
}
