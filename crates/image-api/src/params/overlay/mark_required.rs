//! `mark_required`: whether a missing watermark is an error.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarkRequired(pub bool);

impl Param for MarkRequired {
    const SPEC: Spec = Spec {
        name: "mark_required",
        aliases: &[],
        summary: "Fails if the watermark is not available.",
        help: "A missing watermark is then a 404, one that cannot be fetched or decoded a 502.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &["mark"],
        examples: &[Example {
            source: "china.jpg",
            query: "width=200&mark=/pixmill-logo.png&mark_scale=30&mark_required=true",
            shows: "the watermark is available",
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
        check::accepts(&[("true", MarkRequired(true)), ("0", MarkRequired(false))]);
        check::rejects::<MarkRequired>(&["perhaps"]);
        assert!(MarkRequired(false).is_neutral() && !MarkRequired(true).is_neutral());
    }
}
