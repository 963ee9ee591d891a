//! `auto_fix`: automatic levels (brightness and contrast).

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether brightness and contrast are corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoFix(pub bool);

impl Param for AutoFix {
    const SPEC: Spec = Spec {
        name: "auto_fix",
        aliases: &[],
        summary: "Corrects brightness and contrast by the image's histogram (automatic levels).",
        help: "The darkest and brightest half percent become black and white, and mid grey moves towards the middle; hues are kept.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[Example {
            source: "rocket.jpg",
            query: "width=200&auto_fix=true",
            shows: "a brighter night sky",
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
        check::accepts(&[("true", AutoFix(true)), ("", AutoFix(true)), ("0", AutoFix(false))]);
        check::rejects::<AutoFix>(&["perhaps"]);
        assert!(AutoFix(false).is_neutral());
    }
}
