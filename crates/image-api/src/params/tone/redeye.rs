//! `redeye`: red-eye correction.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether red eyes are corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redeye(pub bool);

impl Param for Redeye {
    const SPEC: Spec = Spec {
        name: "redeye",
        aliases: &[],
        summary: "Corrects red eyes caused by a flash.",
        help: "In every detected face; catch-lights are kept, and images without faces or red eyes are unchanged. Needs \
               the models that `make vendor` fetches.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[Example {
            source: "astronaut-redeye.jpg",
            query: "width=200&redeye=true",
            shows: "dark pupils with catch-lights",
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
        check::accepts(&[("true", Redeye(true)), ("", Redeye(true)), ("0", Redeye(false))]);
        check::rejects::<Redeye>(&["perhaps"]);
        assert!(Redeye(false).is_neutral());
    }
}
