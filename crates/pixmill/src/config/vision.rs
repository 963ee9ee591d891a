//! Section `vision`: the models, and the thresholds of their results.

use std::path::{Path, PathBuf};

use config_types::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The models that find faces, nudity and labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Vision {
    /// The folder of the models; empty: where `make vendor` or an installation puts it, relative to the program.
    pub models: PathBuf,
    /// The shared library of ONNX Runtime; empty: as for `models`.
    pub runtime: PathBuf,
    /// The score, in percent, from which a picture counts as nudity. Below 20 is safe, above 80 is not; scores between should be
    /// reviewed by a person.
    pub nsfw_threshold: f32,
    /// Labels with a confidence below this are omitted, in percent.
    pub min_confidence: f32,
    /// Maximum number of pictures being analysed or waiting for analysis; further requests are refused with 503.
    pub queue: usize,
}

impl Default for Vision {
    fn default() -> Self {
        Self {
            models: PathBuf::new(),
            runtime: PathBuf::new(),
            nsfw_threshold: 60.0,
            min_confidence: 15.0,
            queue: 64,
        }
    }
}

/// Usual folders of the models, relative to the program: in a checkout (for the binary and for tests), and installed.
const MODELS: [&str; 3] = ["../../vendor/models", "../../../vendor/models", "../share/pixmill/models"];

/// Usual places of ONNX Runtime, likewise.
const RUNTIMES: [&str; 3] = [
    "../../vendor/native/lib/libonnxruntime.so",
    "../../../vendor/native/lib/libonnxruntime.so",
    "../lib/libonnxruntime.so",
];

impl Vision {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        [("vision.nsfw_threshold", self.nsfw_threshold), ("vision.min_confidence", self.min_confidence)]
            .into_iter()
            .filter(|(_, percent)| !(0.0..=100.0).contains(percent))
            .map(|(key, percent)| Problem::expected(key, "0 to 100", percent))
            .collect()
    }

    /// The paths of the models and of ONNX Runtime.
    pub fn places(&self) -> vision::Settings {
        vision::Settings {
            models: configured_or_usual(&self.models, &MODELS),
            runtime: configured_or_usual(&self.runtime, &RUNTIMES),
        }
    }
}

/// The configured path, else the first of the usual ones that exists, else the last of them.
fn configured_or_usual(set: &Path, usual: &[&str]) -> PathBuf {
    if !set.as_os_str().is_empty() {
        return set.to_owned();
    }
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().unwrap_or(Path::new(""));
    let mut places = usual.iter().map(|place| folder.join(place));
    places.clone().find(|place| place.exists()).or_else(|| places.next_back()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_percentages() {
        assert_eq!(Vision::default().problems(), []);
        let wrong = Vision { nsfw_threshold: -1.0, min_confidence: f32::NAN, ..Vision::default() };
        assert_eq!(wrong.problems().len(), 2);
    }

    #[test]
    fn configured_paths_are_used_as_they_are() {
        let set = Vision { models: "somewhere".into(), ..Vision::default() };
        assert_eq!(set.places().models, Path::new("somewhere"));
        assert!(set.places().runtime.ends_with("libonnxruntime.so"));
    }
}
