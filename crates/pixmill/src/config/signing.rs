//! Section `params.signing`: the keys that sign URLs.

use std::collections::BTreeMap;

use config_types::{Problem, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Minimum length of a key in bytes: shorter ones can be guessed.
const MIN_KEY_BYTES: usize = 16;

/// Maximum length of a key's id, which is a label of a metric.
const MAX_ID_LENGTH: usize = 32;

/// The keys that sign URLs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Signing {
    /// Keys by their ids, `main = "…"`, each of at least 16 bytes (`openssl rand -hex 32` generates one). With any key, requests
    /// must be signed; with several, by any of them, so that keys can be rotated. See [signing.md](signing.md).
    pub keys: BTreeMap<String, Secret>,
}

impl Signing {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        let is_id = |id: &str| {
            (1..=MAX_ID_LENGTH).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        let ids = self.keys.keys().filter(|id| !is_id(id)).map(|id| {
            let expected = format_args!("ids of up to {MAX_ID_LENGTH} letters, digits, _ and -");
            Problem::expected("params.signing.keys", expected, id)
        });
        let short =
            self.keys.iter().filter(|(_, key)| key.reveal().len() < MIN_KEY_BYTES).map(|(id, key)| {
                let length = key.reveal().len();
                let text = format!("expected at least {MIN_KEY_BYTES} bytes, got {length}");
                Problem::new(format!("params.signing.keys.{id}"), text)
            });
        ids.chain(short).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_keys_and_odd_ids_are_problems() {
        let signing = |id: &str, key: &str| Signing { keys: BTreeMap::from([(id.to_owned(), key.into())]) };
        assert_eq!(signing("2026-a", "0123456789abcdef").problems(), []);
        let problems = signing("main", "0123456789abcde").problems();
        let expected = "params.signing.keys.main: expected at least 16 bytes, got 15";
        assert!(matches!(problems.as_slice(), [problem] if problem.to_string() == expected), "{problems:?}");
        for id in ["", "a\"b", "a b", &"a".repeat(33)] {
            assert_eq!(signing(id, "0123456789abcdef").problems().len(), 1, "{id}");
        }
    }
}
