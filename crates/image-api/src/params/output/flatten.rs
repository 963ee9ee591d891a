//! `flatten`: removes the alpha channel.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether the alpha channel is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flatten(pub bool);

impl Param for Flatten {
    const SPEC: Spec = Spec {
        name: "flatten",
        aliases: &[],
        summary: "Removes the alpha channel.",
        help: "Transparent pixels become `pad_color`.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[Example {
            source: "pixmill-logo.png",
            query: "width=200&flatten=true&pad_color=gold",
            shows: "a gold background instead of transparency",
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
        check::accepts(&[("true", Flatten(true)), ("", Flatten(true)), ("0", Flatten(false))]);
        check::rejects::<Flatten>(&["perhaps"]);
        assert!(Flatten(false).is_neutral());
    }
}
