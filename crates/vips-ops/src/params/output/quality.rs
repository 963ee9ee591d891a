//! `quality`: how much detail a lossy format keeps.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// Quality on JPEG's scale, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality(pub u8);

impl Param for Quality {
    const SPEC: Spec = Spec {
        name: "quality",
        aliases: &[],
        summary: "How much detail a lossy format keeps, on JPEG's scale.",
        help: "One number means the same perceived quality in JPEG, WebP and AVIF. PNG and GIF ignore it.",
        grammar: Grammar::Whole(1, 100),
        default: "the quality of the source if it is a JPEG, else 90",
        needs: &[],
        examples: &[Example {
            source: "flower.jpg",
            query: "width=200&quality=30",
            shows: "a small file, visibly so",
        }],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        number::whole(raw, 1..=100).map(|reading| reading.map(|value| Self(value as u8)))
    }

    fn canonical(&self, out: &mut String) {
        number::canonical(self.0, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("1", Quality(1)), ("80", Quality(80)), ("84.5", Quality(85))]);
        check::clamps(&[("0", Quality(1)), ("900", Quality(100))]);
        check::rejects::<Quality>(&["", "high", "80%"]);
    }
}
