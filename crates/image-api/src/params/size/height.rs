//! `height`: the image's height.

use crate::params::{
    size::width::MAX_SIDE,
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// Height in pixels, before the device pixel ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Height(pub u32);

impl Param for Height {
    const SPEC: Spec = Spec {
        name: "height",
        aliases: &["h"],
        summary: "Scales to this height in pixels.",
        help: "Without `width` the aspect ratio is kept.",
        grammar: Grammar::Whole(1, MAX_SIDE),
        default: "by `width` and the aspect ratio",
        needs: &[],
        examples: &[Example {
            source: "china.jpg",
            query: "height=120",
            shows: "120 pixels high, the width follows",
        }],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        number::side(raw, Self::SPEC.grammar.wholes()).map(|reading| reading.map(Self))
    }

    fn canonical(&self, out: &mut String) {
        number::canonical(self.0, out);
    }

    /// A side of 0 pixels is absent.
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
        check::accepts(&[("1", Height(1)), ("400.4", Height(400))]);
        check::clamps(&[("0", Height(0)), ("-1", Height(0))]);
        check::rejects::<Height>(&["", "tall"]);
    }
}
