//! `quality_method`: how `quality=auto` compares pictures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::keyword::keyword,
};

/// A measure of how alike two pictures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QualityMethod {
    /// Structural similarity of luma; 1 is equal.
    Ssim,
    /// Mean error of luma in levels; 0 is equal, and less is better.
    Mpe,
    /// Peak signal-to-noise ratio and blockiness of luma; about 115 is equal.
    Smallfry,
    /// SSIMULACRA2, in colour; 100 is equal.
    #[default]
    Ssimulacra2,
}

impl QualityMethod {
    /// All, in the order in which they are documented.
    pub const ALL: [Self; 4] = [Self::Ssim, Self::Mpe, Self::Smallfry, Self::Ssimulacra2];

    const NAMES: [&'static str; 4] = ["ssim", "mpe", "smallfry", "ssimulacra2"];

    /// The name as in a query.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether small numbers are good ones.
    pub fn prefers_less(self) -> bool {
        self == Self::Mpe
    }

    /// Whether a number is as good as a target.
    pub fn is_met(self, number: f64, target: f64) -> bool {
        if self.prefers_less() { number <= target } else { number >= target }
    }
}

impl Param for QualityMethod {
    const SPEC: Spec = Spec {
        name: "quality_method",
        aliases: &[],
        summary: "How `quality=auto` compares pictures.",
        help: "`ssim` is structural similarity, `mpe` the mean error of a pixel, `smallfry` a mixture of signal-to-noise \
               ratio and blockiness: these look at luma. `ssimulacra2` looks at colour too, agrees best with people, and takes longest. Some of what `smallfry` does may be covered by patents in some countries.",
        grammar: Grammar::Keyword(&Self::NAMES),
        default: "ssimulacra2, or as configured",
        needs: &["quality=auto"],
        examples: &[
            Example {
                source: "china.jpg",
                query: "width=160&quality=auto&quality_method=ssimulacra2",
                shows: "the least quality that scores 70",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&format=avif&quality=auto&quality_method=mpe",
                shows: "an AVIF of a quality found by its mean error",
            },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        keyword(raw, &Self::ALL, &Self::NAMES)
    }

    fn canonical(&self, out: &mut String) {
        out.push_str(self.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[("ssim", QualityMethod::Ssim), ("SmallFry", QualityMethod::Smallfry)]);
        QualityMethod::ALL.iter().for_each(check::round_trips);
        check::rejects::<QualityMethod>(&["", "foo", "ms-ssim"]);
    }
}
