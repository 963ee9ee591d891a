//! `quality_max`: the highest quality that `quality=auto` may choose.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// The highest quality that `quality=auto` may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualityMax(pub u8);

impl Param for QualityMax {
    const SPEC: Spec = Spec {
        name: "quality_max",
        aliases: &[],
        summary: "The highest quality that `quality=auto` may choose.",
        help: "It is used if no quality is good enough. A `quality_min` above it raises it, unless both are given.",
        grammar: Grammar::Whole(1, 100),
        default: "90, or as configured",
        needs: &["quality=auto"],
        examples: &[Example {
            source: "china.jpg",
            query: "width=160&quality=auto&quality_preset=veryhigh&quality_max=50",
            shows: "at most this quality, whatever the preset requires",
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
        check::accepts(&[("1", QualityMax(1)), ("100", QualityMax(100)), ("5.5", QualityMax(6))]);
        check::clamps(&[("0", QualityMax(1)), ("900", QualityMax(100))]);
        check::rejects::<QualityMax>(&["", "few", "-"]);
    }
}
