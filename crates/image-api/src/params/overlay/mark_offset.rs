//! `mark_offset`: distance of a watermark from the edges.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::number,
};

/// Percent of the image's side, from the edges that `mark_pos` names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarkOffset(pub f64);

impl Param for MarkOffset {
    const SPEC: Spec = Spec {
        name: "mark_offset",
        aliases: &[],
        summary: "Moves the watermark inwards from the edges of `mark_pos`, in percent of the image's side.",
        help: "From the left or right edge in percent of the width, from the top or bottom edge in percent of the \
               height; no effect on a centred axis.",
        grammar: Grammar::Decimal(0.0, 100.0),
        default: "0",
        needs: &["mark"],
        examples: &[Example {
            source: "china.jpg",
            query: "width=200&mark=/pixmill-logo.png&mark_scale=40&mark_pos=top&mark_offset=40",
            shows: "40 % below the top edge",
        }],
    };

    number::decimal_methods!(neutral: 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("0", MarkOffset(0.0)), ("12.5", MarkOffset(12.5))]);
        check::clamps(&[("-3", MarkOffset(0.0)), ("101", MarkOffset(100.0))]);
        check::rejects::<MarkOffset>(&["", "far"]);
        assert!(MarkOffset(0.0).is_neutral());
    }
}
