//! `quality_attempts`: how often `quality=auto` encodes.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// How many qualities `quality=auto` tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualityAttempts(pub u8);

impl Param for QualityAttempts {
    const SPEC: Spec = Spec {
        name: "quality_attempts",
        aliases: &[],
        summary: "How many qualities `quality=auto` tries.",
        help: "Each attempt halves the range that is left; six find the best of 40 to 90. With fewer the answer comes sooner and is larger: what has not been seen to be good enough is not answered.",
        grammar: Grammar::Whole(1, 10),
        default: "6, or as configured",
        needs: &["quality=auto"],
        examples: &[Example {
            source: "china.jpg",
            query: "width=160&quality=auto&quality_attempts=2",
            shows: "a quality at or above the best one",
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
            ("1", QualityAttempts(1)),
            ("10", QualityAttempts(10)),
            ("5.5", QualityAttempts(6)),
        ]);
        check::clamps(&[("0", QualityAttempts(1)), ("900", QualityAttempts(10))]);
        check::rejects::<QualityAttempts>(&["", "few", "-"]);
    }
}
