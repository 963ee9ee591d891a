//! `angle`: counterclockwise rotation.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Counterclockwise rotation in degrees, from 0 up to but not including 360.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Angle(pub f64);

impl Param for Angle {
    const SPEC: Spec = Spec {
        name: "angle",
        aliases: &[],
        summary: "Rotates counterclockwise by this many degrees.",
        help: "Added to `rotate`.",
        grammar: Grammar::Degrees,
        default: "0",
        needs: &[],
        examples: &[Example {
            source: "china.jpg",
            query: "width=240&angle=8",
            shows: "a few degrees counterclockwise",
        }],
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
            ("90", Angle(90.0)),
            ("-90", Angle(270.0)),
            ("450", Angle(90.0)),
            ("12.5", Angle(12.5)),
        ]);
        check::rejects::<Angle>(&["", "90deg", "left"]);
        assert!(Angle(0.0).is_neutral() && Angle::parse("360").unwrap().value.is_neutral());
    }
}
