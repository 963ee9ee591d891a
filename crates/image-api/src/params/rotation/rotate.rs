//! `rotate`: clockwise rotation.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Clockwise rotation in degrees, from 0 up to but not including 360.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotate(pub f64);

impl Param for Rotate {
    const SPEC: Spec = Spec {
        name: "rotate",
        aliases: &[],
        summary: "Rotates clockwise by this many degrees.",
        help: "The canvas grows, and blank corners are filled with `pad_color`; `crop=zoom` removes them instead. Added to `angle`.",
        grammar: Grammar::Degrees,
        default: "0",
        needs: &[],
        examples: &[
            Example { source: "astronaut.png", query: "width=200&rotate=90", shows: "90 degrees clockwise" },
            Example {
                source: "china.jpg",
                query: "width=240&rotate=12&pad_color=222",
                shows: "a few degrees, dark corners",
            },
        ],
    };

    number::degrees_methods!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[
            ("90", Rotate(90.0)),
            ("-90", Rotate(270.0)),
            ("450", Rotate(90.0)),
            ("12.5", Rotate(12.5)),
        ]);
        check::rejects::<Rotate>(&["", "90deg", "left"]);
        assert!(Rotate(0.0).is_neutral() && Rotate::parse("360").unwrap().value.is_neutral());
    }
}
