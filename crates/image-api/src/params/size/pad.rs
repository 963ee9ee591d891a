//! `pad`: a border around the finished image.

use crate::params::{
    size::width::MAX_SIDE,
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// Border in pixels, on each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pad(pub u32);

impl Param for Pad {
    const SPEC: Spec = Spec {
        name: "pad",
        aliases: &[],
        summary: "Adds a border of this many pixels.",
        help: "It is painted in `pad_color` around the finished image, which grows by twice the border.",
        grammar: Grammar::Whole(0, MAX_SIDE),
        default: "0",
        needs: &[],
        examples: &[Example {
            source: "chelsea.png",
            query: "width=200&pad=12",
            shows: "a white border of 12 pixels",
        }],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        number::whole(raw, Self::SPEC.grammar.wholes()).map(|reading| reading.map(Self))
    }

    fn canonical(&self, out: &mut String) {
        number::canonical(self.0, out);
    }

    fn is_neutral(&self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("0", Pad(0)), ("30", Pad(30)), ("2.5", Pad(3))]);
        check::clamps(&[("-1", Pad(0))]);
        check::rejects::<Pad>(&["", "thick"]);
        assert!(Pad(0).is_neutral());
    }
}
