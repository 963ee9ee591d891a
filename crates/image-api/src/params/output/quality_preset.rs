//! `quality_preset`: the target of `quality=auto` as a keyword.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::keyword::keyword,
};

/// A target, independent of the method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QualityPreset {
    /// Losses are visible.
    Low,
    /// Losses are visible on close inspection.
    #[default]
    Medium,
    /// Losses are hard to see.
    High,
    /// Losses are hardly visible in a side-by-side comparison with the original.
    VeryHigh,
}

impl QualityPreset {
    /// All presets, from the lowest to the highest quality.
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
        summary: "The target of `quality=auto`, as a keyword.",
        help: "Each method has its own target for each keyword and output size, chosen so that photographs have a \
               mean SSIMULACRA2 of about 50, 70, 80 and 90 with long sides from 64 to 4000 pixels. `quality_min` and `quality_max` apply: with their defaults few images become \
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
                shows: "a WebP whose losses are hard to see",
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
