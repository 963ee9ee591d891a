//! `auto_level`: automatic white balance.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether the white balance is corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoLevel(pub bool);

impl Param for AutoLevel {
    const SPEC: Spec = Spec {
        name: "auto_level",
        aliases: &[],
        summary: "Corrects the white balance.",
        help: "Removes the colour cast that the edges in the image have in common (grey-edge). Clipped pixels are ignored, and the correction is weaker if one saturated hue dominates the image.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[Example {
            source: "chelsea.png",
            query: "width=200&auto_level=true",
            shows: "a weaker warm cast",
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
        check::accepts(&[("true", AutoLevel(true)), ("", AutoLevel(true)), ("0", AutoLevel(false))]);
        check::rejects::<AutoLevel>(&["perhaps"]);
        assert!(AutoLevel(false).is_neutral());
    }
}
