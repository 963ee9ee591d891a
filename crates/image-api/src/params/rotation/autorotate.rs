//! `autorotate`: applies the EXIF orientation.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether the EXIF orientation is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Autorotate(pub bool);

impl Param for Autorotate {
    const SPEC: Spec = Spec {
        name: "autorotate",
        aliases: &[],
        summary: "Rotates the image upright by its EXIF orientation, and removes that tag.",
        help: "Off: pixels and tag are as stored.",
        grammar: Grammar::Boolean,
        default: "true",
        needs: &[],
        examples: &[
            Example {
                source: "quadrants-orient6.jpg",
                query: "width=160&autorotate=true",
                shows: "upright, although stored rotated",
            },
            Example {
                source: "quadrants-orient6.jpg",
                query: "width=160&autorotate=false&strip_exif=true",
                shows: "as stored",
            },
        ],
    };

    boolean::methods!(true);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("true", Autorotate(true)), ("", Autorotate(true)), ("0", Autorotate(false))]);
        check::rejects::<Autorotate>(&["perhaps"]);
        assert!(Autorotate(true).is_neutral());
    }
}
