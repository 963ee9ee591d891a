//! `quality_attempts`: the number of encoding attempts of `quality=auto`.

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
        summary: "The number of encoding attempts of `quality=auto`.",
        help: "Each attempt halves the remaining range; six find the best of 40 to 90. With fewer the response is faster and larger: only qualities that an attempt has shown to be good enough are used.",
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
