//! `quality_target`: what is alike enough for `quality=auto`.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Largest number that any method gives: the mean error between black and white.
const MAX: f64 = 255.0;

/// The number that the method must give, on the method's own scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityTarget(pub f64);

impl Param for QualityTarget {
    const SPEC: Spec = Spec {
        name: "quality_target",
        aliases: &[],
        summary: "What `quality_method` must give for a quality to be good enough.",
        help: "It is on the method's own scale and takes precedence over `quality_preset`. Without a `quality_method`, a target of at most 1 is one of `ssim`. \
               Of answers with more than a megapixel a sample is compared, and answers with a side below 256 pixels are \
               compared together with their mirror images, so that the quality hardly changes where a side grows by a \
               pixel: such answers can miss the target by a little.",
        grammar: Grammar::Decimal(0.0, MAX),
        default: "that of the preset",
        needs: &["quality=auto"],
        examples: &[Example {
            source: "coffee.png",
            query: "width=160&format=jpeg&quality=auto&quality_target=.97",
            shows: "the least quality with a structural similarity of 0.97",
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
