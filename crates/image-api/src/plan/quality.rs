//! The output quality: fixed, or found by a search.

use std::fmt::{self, Display, Formatter};

use crate::{
    error::Result,
    params::{
        Params,
        output::{quality::Quality, quality_method::QualityMethod, quality_preset::QualityPreset},
        spec::Invalid,
    },
    settings::Settings,
    source::SourceInfo,
};

/// Quality of lossy outputs if the original has no quality to adopt (API contract).
const DEFAULT_QUALITY: u8 = 90;

/// A search for the quality, run once the pixels are available.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// The metric.
    pub method: QualityMethod,
    /// The target of the metric.
    pub target: Target,
    /// The lowest quality, on the scale of JPEG.
    pub min: u8,
    /// The highest quality, used if no quality meets the target.
    pub max: u8,
    /// Number of attempts.
    pub attempts: u8,
}

/// The target score of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// A given score.
    Number(f64),
    /// The calibrated score of a preset, for images of the output size.
    Preset(QualityPreset),
}

/// The requested or adopted quality, on the scale of JPEG.
pub fn fixed(params: &Params, info: &SourceInfo) -> u8 {
    match params.quality {
        Some(Quality::Fixed(quality)) => quality,
        Some(Quality::Auto) | None => info.jpeg_quality.unwrap_or(DEFAULT_QUALITY),
    }
}

/// The search, if requested.
pub fn search(params: &Params, settings: &Settings) -> Result<Option<Search>> {
    if params.quality != Some(Quality::Auto) {
        return Ok(None);
    }
    let defaults = &settings.quality_auto;
    // a target of at most 1 selects ssim, the only default in earlier versions; with mpe it is meant as such
    let of_ssim = defaults.method == QualityMethod::Ssimulacra2
        && params.quality_target.is_some_and(|target| (0.0..=1.0).contains(&target.0));
    let default = if of_ssim { QualityMethod::Ssim } else { defaults.method };
    let method = params.quality_method.unwrap_or(default);
    let preset = params.quality_preset.unwrap_or(defaults.preset);
    let number = params.quality_target.map(|target| target.0).or_else(|| defaults.target(method, preset));
    let target = number.map_or(Target::Preset(preset), Target::Number);
    // a requested bound moves a default one
    let (min, max) = match (params.quality_min.map(|min| min.0), params.quality_max.map(|max| max.0)) {
        (Some(min), Some(max)) if min > max => {
            let expected = format!("at most quality_max, which is {max}");
            return Err(Invalid::new("quality_min", &min.to_string(), expected).into());
        }
        (Some(min), Some(max)) => (min, max),
        (Some(min), None) => (min, defaults.max.max(min)),
        (None, Some(max)) => (defaults.min.min(max), max),
        (None, None) => (defaults.min, defaults.max),
    };
    let attempts = params.quality_attempts.map_or(defaults.attempts, |attempts| attempts.0);
    Ok(Some(Search { method, target, min, max, attempts }))
}

impl Display for Search {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { method, target, min, max, attempts } = self;
        write!(f, "quality found by {} to {target}, {min} to {max}, in {attempts} attempts", method.name())
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Preset(preset) => f.write_str(preset.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str) -> Result<Option<Search>> {
        search(&Params::parse(query).unwrap().params, &Settings::default())
    }

    #[test]
    fn requests_override_settings() {
        assert_eq!(found("quality=80&quality_min=3").unwrap(), None);
        let plain = found("quality=auto").unwrap().unwrap();
        let medium = Target::Preset(QualityPreset::Medium);
        assert_eq!((plain.method, plain.target, plain.attempts), (QualityMethod::Ssimulacra2, medium, 6));
        let other = found("quality=auto&quality_method=mpe&quality_preset=high&quality_attempts=3").unwrap();
        let other = other.unwrap();
        let high = Target::Preset(QualityPreset::High);
        assert_eq!((other.method, other.target, other.attempts), (QualityMethod::Mpe, high, 3));
        assert_eq!(other.to_string(), "quality found by mpe to high, 40 to 90, in 3 attempts");
        let exact = found("quality=auto&quality_preset=high&quality_target=.5").unwrap().unwrap();
        assert_eq!(exact.to_string(), "quality found by ssim to 0.5, 40 to 90, in 6 attempts");
    }

    #[test]
    fn targets_of_the_operator_apply_at_every_size() {
        let mut settings = Settings::default();
        settings.quality_auto.ssim = Some([0.9, 0.92, 0.94, 0.96]);
        let target = |query: &str| {
            let params = Params::parse(&format!("quality=auto&{query}")).unwrap().params;
            search(&params, &settings).unwrap().unwrap().target
        };
        assert_eq!(target("quality_method=ssim&quality_preset=high"), Target::Number(0.94));
        assert_eq!(target("quality_method=ssim&quality_target=0.5"), Target::Number(0.5));
        assert_eq!(target("quality_method=mpe"), Target::Preset(QualityPreset::Medium));
    }

    #[test]
    fn a_requested_bound_moves_a_default_one() {
        for (query, expected) in [
            ("", (40, 90)),
            ("&quality_min=95", (95, 95)),
            ("&quality_max=20", (20, 20)),
            ("&quality_min=10&quality_max=20", (10, 20)),
        ] {
            let search = found(&format!("quality=auto{query}")).unwrap().unwrap();
            assert_eq!((search.min, search.max), expected, "{query}");
        }
        let refused = found("quality=auto&quality_min=60&quality_max=50").unwrap_err().to_string();
        assert_eq!(refused, "quality_min: expected at most quality_max, which is 50, got \"60\"");
    }
}
