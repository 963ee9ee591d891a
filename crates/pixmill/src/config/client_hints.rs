//! Section `client_hints`: whether the client's screen decides about sizes.

use config_types::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Request headers that describe the client's screen and its preference for reduced data usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientHints {
    /// Whether they are defaults for parameters that a request does not set: `Sec-CH-Width` for `width`, `Sec-CH-DPR` for `dpr`,
    /// `Save-Data` for `quality`. The page must request them from browsers, and the CDN must honour `Vary`.
    pub enabled: bool,
    /// The quality, 1 to 100, for clients that send `Save-Data: on`.
    pub save_data_quality: u32,
}

impl Default for ClientHints {
    fn default() -> Self {
        Self { enabled: false, save_data_quality: 50 }
    }
}

impl ClientHints {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        let quality = self.save_data_quality;
        let problem = || Problem::expected("client_hints.save_data_quality", "1 to 100", quality);
        (!(1..=100).contains(&quality)).then(problem).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quality_has_a_range() {
        for (quality, fine) in [(0, false), (1, true), (100, true), (101, false)] {
            let hints = ClientHints { save_data_quality: quality, ..ClientHints::default() };
            assert_eq!(hints.problems().is_empty(), fine, "{quality}");
        }
    }
}
