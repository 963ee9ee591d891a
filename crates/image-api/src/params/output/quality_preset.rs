//! `quality_preset`: how alike is enough for `quality=auto`, in a word.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::keyword::keyword,
};

/// How alike is enough, whatever the method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QualityPreset {
    /// Losses can be seen.
    Low,
    /// Losses can be found by those who look for them.
    #[default]
    Medium,
    /// Losses are hard to find.
    High,
    /// Losses can hardly be seen beside the original.
    VeryHigh,
}

impl QualityPreset {
    /// All, from the least to the greatest quality.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::VeryHigh];

    const NAMES: [&'static str; 4] = ["low", "medium", "high", "veryhigh"];

    /// The name as in a query.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

impl Param for QualityPreset {
    const SPEC: Spec = Spec {
        name: "quality_preset",
        aliases: &[],
        summary: "How alike is enough for `quality=auto`, in a word.",
        help: "Each method has a target of its own for each word and size of the answer, chosen so that photographs have a \
               mean SSIMULACRA2 of about 50, 70, 80 and 90 with long sides from 64 to 4000 pixels. `quality_min` and `quality_max` hold: with their defaults few pictures become \
               as bad as `low` or as good as `veryhigh` allows.",
        grammar: Grammar::Keyword(&Self::NAMES),
        default: "medium, or as configured",
        needs: &["quality=auto"],
        examples: &[
            Example {
                source: "flower.jpg",
                query: "width=160&quality=auto&quality_preset=low",
                shows: "a small file",
            },
            Example {
                source: "flower.jpg",
                query: "width=160&format=webp&quality=auto&quality_preset=high",
                shows: "a WebP whose losses are hard to find",
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
        check::accepts(&[("low", QualityPreset::Low), ("VeryHigh", QualityPreset::VeryHigh)]);
        QualityPreset::ALL.iter().for_each(check::round_trips);
        check::rejects::<QualityPreset>(&["", "best", "very high"]);
    }
}
