//! Whether pictures are fitted to what browsers say of their screens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Headers in which browsers tell of their screens and lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientHints {
    /// Whether they count where a request says nothing itself: `Sec-CH-Width` as `width`, `Sec-CH-DPR` as `dpr`,
    /// `Save-Data` as `quality`. The page must ask browsers for them, and the CDN must keep answers apart by `Vary`.
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
    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<String> {
        let quality = self.save_data_quality;
        let problem = || format!("client_hints.save_data_quality is {quality}, expected 1 to 100");
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
