//! `mark_scale`: size of a watermark.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Percent of the smaller side of the image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarkScale(pub f64);

/// Twice the image; a larger watermark would only be cropped more.
pub const MAX_PERCENT: f64 = 200.0;

impl Param for MarkScale {
    const SPEC: Spec = Spec {
        name: "mark_scale",
        aliases: &[],
        summary: "Fits the watermark to a square of this many percent of the image's smaller side.",
        help: "It is upscaled only with `mark_upscale`.",
        grammar: Grammar::Decimal(1.0, MAX_PERCENT),
        default: "the watermark's own size",
        needs: &["mark"],
        examples: &[Example {
            source: "china.jpg",
            query: "width=200&mark=/pixmill-logo.png&mark_scale=60",
            shows: "60 % of the smaller side",
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
        check::accepts(&[("60", MarkScale(60.0)), ("12.5", MarkScale(12.5))]);
        check::clamps(&[("0", MarkScale(1.0)), ("900", MarkScale(200.0))]);
        check::rejects::<MarkScale>(&["", "large"]);
    }
}
