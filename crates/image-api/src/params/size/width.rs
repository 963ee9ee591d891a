//! `width`: the image's width.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// Largest side that can be requested, in pixels: the limit of JPEG. `limits.max_side` is usually lower.
pub const MAX_SIDE: u32 = 65_535;

/// Width in pixels, before the device pixel ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width(pub u32);

impl Param for Width {
    const SPEC: Spec = Spec {
        name: "width",
        aliases: &["w"],
        summary: "Scales to this width in pixels.",
        help: "Without `height` the aspect ratio is kept; with it, and without `crop`, the image is fitted inside both. The image may be upscaled.",
        grammar: Grammar::Whole(1, MAX_SIDE),
        default: "by `height` and the aspect ratio",
        needs: &[],
        examples: &[
            Example { source: "china.jpg", query: "width=200", shows: "200 pixels wide, the height follows" },
            Example { source: "china.jpg", query: "width=160&height=160", shows: "fitted inside 160 by 160" },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        number::side(raw, Self::SPEC.grammar.wholes()).map(|reading| reading.map(Self))
    }

    fn canonical(&self, out: &mut String) {
        number::canonical(self.0, out);
    }

    /// A side of 0 pixels is absent.
    fn is_neutral(&self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[
            ("1", Width(1)),
            ("400", Width(400)),
            ("199.5", Width(200)),
            ("65535", Width(65_535)),
        ]);
        check::clamps(&[("0", Width(0)), ("0.4", Width(0)), ("-5", Width(0)), ("100000", Width(65_535))]);
        check::rejects::<Width>(&["", "100px", "auto", "NaN", "1e3"]);
    }
}
