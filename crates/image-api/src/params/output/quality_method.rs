//! `quality_method`: the metric of `quality=auto`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::keyword::keyword,
};

/// A metric of the similarity of two images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QualityMethod {
    /// Structural similarity (SSIM) of luma; 1 means equal.
    Ssim,
    /// Mean pixel error of luma in 8-bit levels; 0 means equal, lower is better.
    Mpe,
    /// `SmallFry`: peak signal-to-noise ratio and blocking of luma; about 115 means equal.
    Smallfry,
    /// SSIMULACRA2, in colour; 100 means equal.
    #[default]
    Ssimulacra2,
}

impl QualityMethod {
    /// All methods, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Ssim, Self::Mpe, Self::Smallfry, Self::Ssimulacra2];

    const NAMES: [&'static str; 4] = ["ssim", "mpe", "smallfry", "ssimulacra2"];

    /// The name as in a query.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether lower scores are better.
    pub fn prefers_less(self) -> bool {
        self == Self::Mpe
    }

    /// Whether a score meets a target.
    pub fn is_met(self, number: f64, target: f64) -> bool {
        if self.prefers_less() { number <= target } else { number >= target }
    }
}

impl Param for QualityMethod {
    const SPEC: Spec = Spec {
        name: "quality_method",
        aliases: &[],
        summary: "The metric of `quality=auto`.",
        help: "`ssim` is structural similarity, `mpe` the mean pixel error, `smallfry` a combination of signal-to-noise \
               ratio and blocking: these compare luma. `ssimulacra2` compares colour too, agrees best with human perception, and takes longest. Parts of `smallfry` may be covered by patents in some countries.",
        grammar: Grammar::Keyword(&Self::NAMES),
        default: "ssimulacra2, or as configured",
        needs: &["quality=auto"],
        examples: &[
            Example {
                source: "china.jpg",
                query: "width=160&quality=auto&quality_method=ssimulacra2",
                shows: "the lowest quality with a score of 70",
            },
            Example {
                source: "astronaut.png",
                query: "width=160&format=avif&quality=auto&quality_method=mpe",
                shows: "an AVIF whose quality was found by its mean pixel error",
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
