//! `force_jpg`: forces a JPEG without alpha.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether a JPEG without alpha is forced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForceJpg(pub bool);

impl Param for ForceJpg {
    const SPEC: Spec = Spec {
        name: "force_jpg",
        aliases: &[],
        summary: "Removes the alpha channel and outputs JPEG.",
        help: "As `flatten=true&format=jpeg`; takes precedence over `format`.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[Example {
            source: "pixmill-logo.png",
            query: "width=200&force_jpg=true",
            shows: "a JPEG on white",
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
        check::accepts(&[("true", ForceJpg(true)), ("", ForceJpg(true)), ("0", ForceJpg(false))]);
        check::rejects::<ForceJpg>(&["perhaps"]);
        assert!(ForceJpg(false).is_neutral());
    }
}
