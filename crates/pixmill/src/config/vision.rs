//! What looks at pictures, and how its answers are read.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The models that find faces, nudity and labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Vision {
    /// The folder of the models; empty: where `make vendor` or an installation puts it, as seen from the program.
    pub models: PathBuf,
    /// The shared library of ONNX Runtime; empty: likewise.
    pub runtime: PathBuf,
    /// A picture counts as nudity from this score on, in percent. Below 20 is safe, above 80 is not; what lies between
    /// wants a human eye.
    pub nsfw_threshold: f32,
    /// Labels that are less sure than this are left out, in percent.
    pub min_confidence: f32,
    /// How many pictures may be looked at or wait for it; further requests are told to come back later.
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

/// Where the models lie, from the folder of the program: in a checkout (also seen from a test), and installed.
const MODELS: [&str; 3] = ["../../vendor/models", "../../../vendor/models", "../share/pixmill/models"];

/// Where the engine lies, likewise.
const RUNTIMES: [&str; 3] = [
    "../../vendor/native/lib/libonnxruntime.so",
    "../../../vendor/native/lib/libonnxruntime.so",
    "../lib/libonnxruntime.so",
];

impl Vision {
    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<String> {
        [("vision.nsfw_threshold", self.nsfw_threshold), ("vision.min_confidence", self.min_confidence)]
            .into_iter()
            .filter(|(_, percent)| !(0.0..=100.0).contains(percent))
            .map(|(key, percent)| format!("{key} is {percent}, expected 0 to 100"))
            .collect()
    }

    /// Where everything lies.
    pub fn places(&self) -> vision::Settings {
        vision::Settings { models: chosen(&self.models, &MODELS), runtime: chosen(&self.runtime, &RUNTIMES) }
    }
}

/// What was set, else the first of the usual places that is there, else the last of them.
fn chosen(set: &Path, usual: &[&str]) -> PathBuf {
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
        assert_eq!(Vision::default().problems(), [""; 0]);
        let wrong = Vision { nsfw_threshold: -1.0, min_confidence: f32::NAN, ..Vision::default() };
        assert_eq!(wrong.problems().len(), 2);
    }

    #[test]
    fn what_is_set_is_taken_as_it_is() {
        let set = Vision { models: "somewhere".into(), ..Vision::default() };
        assert_eq!(set.places().models, Path::new("somewhere"));
        assert!(set.places().runtime.ends_with("libonnxruntime.so"));
    }
}
