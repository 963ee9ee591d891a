//! `sharp_radius`: radius of sharpening.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Radius of sharpening, from 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharpRadius(pub u8);

impl Param for SharpRadius {
    const SPEC: Spec = Spec {
        name: "sharp_radius",
        aliases: &[],
        summary: "The radius of `sharp_amount`.",
        help: "A value of 10 is a sigma of 1 output pixel.",
        grammar: Grammar::Whole(1, 100),
        default: "10",
        needs: &["sharp_amount"],
        examples: &[Example {
            source: "chelsea.png",
            query: "width=200&sharp_amount=60&sharp_radius=30",
            shows: "wider edges",
        }],
    };

    number::whole_methods!(u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("1", SharpRadius(1)), ("50", SharpRadius(50)), ("99.5", SharpRadius(100))]);
        check::clamps(&[("-1", SharpRadius(1)), ("900", SharpRadius(100))]);
        check::rejects::<SharpRadius>(&["", "much", "5%"]);
    }
}
