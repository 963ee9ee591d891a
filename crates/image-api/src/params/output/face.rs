//! `face`: the description tells where faces are.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether the description tells where faces are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face(pub bool);

impl Param for Face {
    const SPEC: Spec = Spec {
        name: "face",
        aliases: &[],
        summary: "Tells in the description where faces are.",
        help: "In pixels of the upright original, or of the picture that other parameters make of it. Needs the models that \
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
