//! `quality_min`: the lowest quality that `quality=auto` may choose.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// The lowest quality that `quality=auto` may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualityMin(pub u8);

impl Param for QualityMin {
    const SPEC: Spec = Spec {
        name: "quality_min",
        aliases: &[],
        summary: "The lowest quality that `quality=auto` may choose.",
        help: "A `quality_max` below it lowers it, unless both are given.",
        grammar: Grammar::Whole(1, 100),
        default: "40, or as configured",
        needs: &["quality=auto"],
        examples: &[Example {
            source: "china.jpg",
            query: "width=160&quality=auto&quality_preset=low&quality_min=70",
            shows: "a higher quality than the preset requires",
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
        check::accepts(&[("1", QualityMin(1)), ("100", QualityMin(100)), ("5.5", QualityMin(6))]);
        check::clamps(&[("0", QualityMin(1)), ("900", QualityMin(100))]);
        check::rejects::<QualityMin>(&["", "few", "-"]);
    }
}
