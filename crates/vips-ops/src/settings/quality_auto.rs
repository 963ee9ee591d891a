//! What `quality=auto` does when a request does not say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::params::output::{quality_method::QualityMethod, quality_preset::QualityPreset};

/// Most attempts a request or an operator can ask for.
pub const MAX_ATTEMPTS: u8 = 10;

/// Targets of one method for the presets low, medium, high and veryhigh.
pub type Targets = [f64; 4];

/// What `quality=auto` does when a request does not say.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QualityAuto {
    /// How pictures are compared when `quality_method` is absent.
    pub method: QualityMethod,
    /// How alike is enough when `quality_preset` is absent.
    pub preset: QualityPreset,
    /// How many qualities are tried when `quality_attempts` is absent, 1 to 10.
    pub attempts: u8,
    /// The least quality when `quality_min` is absent.
    pub min: u8,
    /// The greatest quality when `quality_max` is absent.
    pub max: u8,
    /// What `ssim` must reach for the presets low, medium, high and veryhigh.
    pub ssim: Targets,
    /// What `mpe` must come down to for the presets low, medium, high and veryhigh.
    pub mpe: Targets,
    /// What `smallfry` must reach for the presets low, medium, high and veryhigh.
    pub smallfry: Targets,
    /// What `ssimulacra2` must reach for the presets low, medium, high and veryhigh.
    pub ssimulacra2: Targets,
}

/// Targets at which photographs of 200 to 1600 pixels have a mean SSIMULACRA2 of 50, 70, 80 and 90, over JPEG, WebP and
/// AVIF: measured by `cargo xtask calibrate-quality`, checked on other photographs in `loadtests/results-quality.md`. 70
/// and 80 hold for qualities of 40 to 90; 50 and 90 lie beyond what these give, and hold for 5 to 95.
impl Default for QualityAuto {
    fn default() -> Self {
        Self {
            method: QualityMethod::Ssimulacra2,
            preset: QualityPreset::Medium,
            attempts: 6,
            min: 40,
            max: 90,
            ssim: [0.914, 0.958, 0.980, 0.9935],
            mpe: [3.1, 2.6, 1.26, 0.64],
            smallfry: [94.5, 97.4, 101.0, 105.9],
            ssimulacra2: [50.0, 70.0, 80.0, 90.0],
        }
    }
}

impl QualityAuto {
    /// What a method must give for a preset.
    pub fn target(&self, method: QualityMethod, preset: QualityPreset) -> f64 {
        self.targets(method)[preset as usize]
    }

    fn targets(&self, method: QualityMethod) -> Targets {
        match method {
            QualityMethod::Ssim => self.ssim,
            QualityMethod::Mpe => self.mpe,
            QualityMethod::Smallfry => self.smallfry,
            QualityMethod::Ssimulacra2 => self.ssimulacra2,
        }
    }

    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<String> {
        let whole = [
            ("attempts", self.attempts, 1, MAX_ATTEMPTS),
            ("max", self.max, 1, 100),
            ("min", self.min, 1, self.max),
        ];
        let whole = whole.into_iter().filter(|(_, value, low, high)| value < low || value > high);
        let whole = whole.map(|(key, value, low, high)| {
            format!("quality_auto.{key}: expected {low} to {high}, got {value}")
        });
        let wrong = QualityMethod::ALL.into_iter().filter(|method| !self.is_ordered(*method));
        let targets = wrong.map(|method| {
            let order = if method.prefers_less() { "descending" } else { "ascending" };
            let (key, targets) = (method.name(), self.targets(method));
            format!("quality_auto.{key}: expected four {order} numbers, got {targets:?}")
        });
        whole.chain(targets).collect()
    }

    /// Whether every preset asks for more than the one before it.
    fn is_ordered(&self, method: QualityMethod) -> bool {
        let targets = self.targets(method);
        let asks_more =
            |pair: &[f64]| if method.prefers_less() { pair[1] < pair[0] } else { pair[1] > pair[0] };
        targets.iter().all(|target| target.is_finite()) && targets.windows(2).all(asks_more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_of_every_method_asks_for_more_than_the_one_before() {
        assert_eq!(QualityAuto::default().problems(), [""; 0]);
    }

    #[test]
    fn problems_name_their_key() {
        let wrong = QualityAuto {
            attempts: 0,
            min: 91,
            ssim: [0.9, 0.8, 0.97, 0.99],
            mpe: [1.0, 2.0, 3.0, 4.0],
            smallfry: [f64::NAN; 4],
            ..QualityAuto::default()
        };
        let problems = wrong.problems();
        for (problem, key) in problems.iter().zip(["attempts", "min", "ssim", "mpe", "smallfry"]) {
            assert!(problem.starts_with(&format!("quality_auto.{key}: expected")), "{problem}");
        }
        assert_eq!(problems.len(), 5);
    }
}
