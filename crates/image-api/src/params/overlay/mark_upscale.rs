//! `mark_upscale`: whether a watermark may be enlarged.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarkUpscale(pub bool);

impl Param for MarkUpscale {
    const SPEC: Spec = Spec {
        name: "mark_upscale",
        aliases: &[],
        summary: "Allows upscaling the watermark to the size set by `mark_scale`.",
        help: "",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &["mark"],
        examples: &[Example {
            source: "china.jpg",
            query: "width=200&mark=/pixmill-logo.png%3Fwidth%3D30&mark_scale=60&mark_upscale=true",
            shows: "upscaled to 60 % of the smaller side",
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
        check::accepts(&[("true", MarkUpscale(true)), ("0", MarkUpscale(false))]);
        check::rejects::<MarkUpscale>(&["perhaps"]);
        assert!(MarkUpscale(false).is_neutral() && !MarkUpscale(true).is_neutral());
    }
}
