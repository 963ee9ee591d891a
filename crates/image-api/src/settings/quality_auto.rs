//! Defaults of `quality=auto`.

use config_types::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::params::output::{quality_method::QualityMethod, quality_preset::QualityPreset};

/// Most attempts that a request or an operator can set.
pub const MAX_ATTEMPTS: u8 = 10;

/// Targets of one method for the presets low, medium, high and veryhigh.
pub type Targets = [f64; 4];

/// Defaults of `quality=auto`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QualityAuto {
    /// The metric if `quality_method` is absent.
    pub method: QualityMethod,
    /// The preset if `quality_preset` is absent.
    pub preset: QualityPreset,
    /// The number of attempts if `quality_attempts` is absent, 1 to 10.
    pub attempts: u8,
    /// The lowest quality if `quality_min` is absent.
    pub min: u8,
    /// The highest quality if `quality_max` is absent.
    pub max: u8,
    /// Targets of `ssim` (minimum) for the presets low, medium, high and veryhigh, for images of every size. Absent:
    /// calibrated targets for the size of the output.
    pub ssim: Option<Targets>,
    /// Targets of `mpe` (maximum) for the presets low, medium, high and veryhigh, for images of every size. Absent:
    /// calibrated targets for the size of the output.
    pub mpe: Option<Targets>,
    /// Targets of `smallfry` (minimum) for the presets low, medium, high and veryhigh, for images of every size.
    /// Absent: calibrated targets for the size of the output.
    pub smallfry: Option<Targets>,
    /// Targets of `ssimulacra2` (minimum) for the presets low, medium, high and veryhigh, for images of every size.
    /// Absent: calibrated targets for the size of the output.
    pub ssimulacra2: Option<Targets>,
}

impl Default for QualityAuto {
    fn default() -> Self {
        Self {
            method: QualityMethod::Ssimulacra2,
            preset: QualityPreset::Medium,
            attempts: 6,
            min: 40,
            max: 90,
            ssim: None,
            mpe: None,
            smallfry: None,
            ssimulacra2: None,
        }
    }
}

impl QualityAuto {
    /// The target of a method for a preset, if the operator has set it.
    pub fn target(&self, method: QualityMethod, preset: QualityPreset) -> Option<f64> {
        self.targets(method).map(|targets| targets[preset as usize])
    }

    fn targets(&self, method: QualityMethod) -> Option<Targets> {
        match method {
            QualityMethod::Ssim => self.ssim,
            QualityMethod::Mpe => self.mpe,
            QualityMethod::Smallfry => self.smallfry,
            QualityMethod::Ssimulacra2 => self.ssimulacra2,
        }
    }

    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<Problem> {
        let whole = [
            ("attempts", self.attempts, 1, MAX_ATTEMPTS),
            ("max", self.max, 1, 100),
            ("min", self.min, 1, self.max),
        ];
        let whole = whole.into_iter().filter(|(_, value, low, high)| value < low || value > high);
        let whole = whole.map(|(key, value, low, high)| {
            Problem::expected(format!("quality_auto.{key}"), format_args!("{low} to {high}"), value)
        });
        let stated =
            QualityMethod::ALL.into_iter().filter_map(|method| Some((method, self.targets(method)?)));
        let targets =
            stated.filter(|(method, targets)| !is_ordered(*method, targets)).map(|(method, targets)| {
                let order = if method.prefers_less() { "descending" } else { "ascending" };
                let key = method.name();
                let key = format!("quality_auto.{key}");
                Problem::expected(key, format_args!("four {order} numbers"), targets)
            });
        whole.chain(targets).collect()
    }
}

/// Whether the targets are in strictly ascending order of quality.
fn is_ordered(method: QualityMethod, targets: &Targets) -> bool {
    let asks_more = |pair: &[f64]| !method.is_met(pair[0], pair[1]);
    targets.iter().all(|target| target.is_finite()) && targets.windows(2).all(asks_more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_ordered_targets_are_valid() {
        assert_eq!(QualityAuto::default().problems(), []);
        let ordered = QualityAuto {
            mpe: Some([4.0, 3.0, 2.0, 1.0]),
            ssim: Some([0.1, 0.2, 0.3, 0.4]),
            ..QualityAuto::default()
        };
        assert_eq!(ordered.problems(), []);
    }

    #[test]
    fn problems_name_their_key() {
        let wrong = QualityAuto {
            attempts: 0,
            min: 91,
            ssim: Some([0.9, 0.8, 0.97, 0.99]),
            mpe: Some([1.0, 2.0, 3.0, 4.0]),
            smallfry: Some([f64::NAN; 4]),
            ..QualityAuto::default()
        };
        let problems = wrong.problems();
        for (problem, key) in problems.iter().zip(["attempts", "min", "ssim", "mpe", "smallfry"]) {
            assert_eq!(problem.key, format!("quality_auto.{key}"));
        }
        assert_eq!(problems.len(), 5);
    }
}
