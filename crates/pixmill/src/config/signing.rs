//! The keys that sign URLs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Secret;

/// Shorter keys can be guessed.
const SHORTEST_KEY: usize = 16;

/// The longest id of a key: it is a label of a metric.
const LONGEST_ID: usize = 32;

/// The keys that sign URLs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Signing {
    /// Keys by their ids, `main = "…"`, each at least 16 bytes (`openssl rand -hex 32` makes one). With one, requests
    /// must be signed; with several, by any of them: so keys are changed. See [signing.md](signing.md).
    pub keys: BTreeMap<String, Secret>,
}

impl Signing {
    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<String> {
        let is_id = |id: &str| {
            (1..=LONGEST_ID).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        let ids = self.keys.keys().filter(|id| !is_id(id)).map(|id| {
            format!(
                "params.signing.keys has {id:?}, expected ids of up to {LONGEST_ID} letters, digits, _ and -"
            )
        });
        let short = self.keys.iter().filter(|(_, key)| key.reveal().len() < SHORTEST_KEY).map(|(id, key)| {
            let length = key.reveal().len();
            format!("params.signing.keys.{id} has {length} bytes, expected at least {SHORTEST_KEY}")
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
        assert_eq!(signing("2026-a", "0123456789abcdef").problems(), [""; 0]);
        let problems = signing("main", "0123456789abcde").problems();
        assert_eq!(problems, ["params.signing.keys.main has 15 bytes, expected at least 16"]);
        for id in ["", "a\"b", "a b", &"a".repeat(33)] {
            assert_eq!(signing(id, "0123456789abcdef").problems().len(), 1, "{id}");
        }
    }
}
