//! `colorize_intensity`: share of the colour in the result.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Share of the colour in percent, from 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColorizeIntensity(pub u8);

impl Param for ColorizeIntensity {
    const SPEC: Spec = Spec {
        name: "colorize_intensity",
        aliases: &[],
        summary: "The strength of `colorize`, in percent.",
        help: "",
        grammar: Grammar::Whole(1, 100),
        default: "1",
        needs: &["colorize"],
        examples: &[Example {
            source: "astronaut.png",
            query: "width=200&colorize=red&colorize_intensity=30",
            shows: "a tint of red",
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
        check::accepts(&[
            ("1", ColorizeIntensity(1)),
            ("50", ColorizeIntensity(50)),
            ("99.5", ColorizeIntensity(100)),
        ]);
        check::clamps(&[("-1", ColorizeIntensity(1)), ("900", ColorizeIntensity(100))]);
        check::rejects::<ColorizeIntensity>(&["", "much", "5%"]);
    }
}
