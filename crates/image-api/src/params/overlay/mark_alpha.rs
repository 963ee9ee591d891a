//! `mark_alpha`: opacity of a watermark.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::{boolean, number},
};

/// Opacity in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarkAlpha(pub f64);

/// Opacity of an opaque watermark.
pub const OPAQUE: f64 = 100.0;

impl Param for MarkAlpha {
    const SPEC: Spec = Spec {
        name: "mark_alpha",
        aliases: &[],
        summary: "Opacity of the watermark in percent.",
        help: "`true` is 100, `false` is 0.",
        grammar: Grammar::Decimal(0.0, OPAQUE),
        default: "100",
        needs: &["mark"],
        examples: &[Example {
            source: "china.jpg",
            query: "width=200&mark=/pixmill-logo.png&mark_alpha=40",
            shows: "a translucent logo",
        }],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        match number::decimal(raw, Self::SPEC.grammar.decimals()) {
            Ok(reading) => Ok(reading.map(Self)),
            // an example of the API sends `true`
            Err(expected) if raw.trim().is_empty() => Err(expected),
            Err(expected) => boolean::boolean(raw)
                .map(|on| on.map(|on| Self(if on { OPAQUE } else { 0.0 })))
                .map_err(|_| expected),
        }
    }

    fn canonical(&self, out: &mut String) {
        number::canonical(self.0, out);
    }

    fn is_neutral(&self) -> bool {
        self.0 >= OPAQUE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("0", MarkAlpha(0.0)), ("1", MarkAlpha(1.0)), ("62.5", MarkAlpha(62.5))]);
        check::accepts(&[("true", MarkAlpha(100.0)), ("false", MarkAlpha(0.0))]);
        check::clamps(&[("-1", MarkAlpha(0.0)), ("101", MarkAlpha(100.0))]);
        check::rejects::<MarkAlpha>(&["", "half"]);
        assert!(MarkAlpha(100.0).is_neutral() && !MarkAlpha(0.0).is_neutral());
    }
}
