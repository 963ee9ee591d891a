//! `quality_target`: the score that `quality=auto` has to reach.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Largest score of any method: the mean pixel error between black and white.
const MAX: f64 = 255.0;

/// The score, on the scale of the method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityTarget(pub f64);

impl Param for QualityTarget {
    const SPEC: Spec = Spec {
        name: "quality_target",
        aliases: &[],
        summary: "The score that `quality_method` has to reach for `quality=auto`.",
        help: "It is on the scale of the method and takes precedence over `quality_preset`. Without a `quality_method`, a target of at most 1 is one of `ssim`. \
               For outputs of more than a megapixel a sample is compared, and outputs with a side below 256 pixels are \
               extended by mirroring for the comparison, so that the quality hardly changes if a side grows by a \
               pixel: such outputs can miss the target slightly.",
        grammar: Grammar::Decimal(0.0, MAX),
        default: "that of the preset",
        needs: &["quality=auto"],
        examples: &[Example {
            source: "coffee.png",
            query: "width=160&format=jpeg&quality=auto&quality_target=.97",
            shows: "the lowest quality with a structural similarity of 0.97",
        }],
    };

    number::decimal_methods!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[
            (".99", QualityTarget(0.99)),
            ("1.5", QualityTarget(1.5)),
            ("0", QualityTarget(0.0)),
        ]);
        check::clamps(&[("-1", QualityTarget(0.0)), ("999", QualityTarget(MAX))]);
        check::rejects::<QualityTarget>(&["", "medium", "NaN", "1e2"]);
    }
}
