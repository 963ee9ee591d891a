//! The effective configuration with secrets masked, by their types.

use serde_json::Value;

use super::root::Config;

impl Config {
    /// All keys with their effective values, as `/config` shows them.
    pub fn redacted(&self) -> Value {
        serde_json::to_value(self).expect("invariant: all keys of the configuration are text")
    }

    /// The part that changes responses but is in no cache key, as text without secrets: where originals come from, and how
    /// queries are parsed. Nodes that share a cache should have the same.
    pub fn policy(&self) -> String {
        let redacted = self.redacted();
        let parts = POLICY.map(|pointer| redacted.pointer(pointer).unwrap_or(&Value::Null).to_string());
        parts.join("\n")
    }
}

/// The keys of [`Config::policy`], as JSON pointers.
const POLICY: [&str; 4] = ["/origin/url", "/origins", "/params", "/client_hints"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let mut config = Config::default();
        config.origin.url = "https://user:hunter2@a.example:8443/b?token=hunter2".into();
        config.origin.headers.insert("authorization".to_owned(), "hunter2".into());
        config.params.signing.keys.insert("main".to_owned(), "hunter2".into());
        config.admin.password = "hunter2".into();
        config.origins.insert("shop".to_owned(), config.origin.clone());
        let redacted = config.redacted();
        let shown = format!("{redacted} {config:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(redacted["origin"]["headers"], json!({ "authorization": "***" }));
        assert_eq!(redacted["params"]["signing"]["keys"], json!({ "main": "***" }));
        assert_eq!(redacted["admin"]["password"], "***");
        assert_eq!(redacted["origins"]["shop"], redacted["origin"]);
        assert_eq!(redacted["origin"]["url"], "https://***@a.example:8443/b?***");
        assert_eq!(redacted["limits"]["max_side"], config.limits.max_side);
        assert_eq!(Config::default().redacted()["origin"]["url"], "");
    }

    #[test]
    fn the_policy_is_what_changes_responses() {
        let plain = Config::default();
        let mut other = Config::default();
        other.listen.workers = 3;
        other.limits.deadline *= 2;
        assert_eq!(plain.policy(), other.policy());
        let changes: [fn(&mut Config); 5] = [
            |config| drop(config.origins.insert("a".to_owned(), origin::Config::default())),
            |config| config.params.strict = true,
            |config| config.params.defaults = "width=5".to_owned(),
            |config| config.origin.url = "http://a.example".into(),
            |config| config.client_hints.enabled = true,
        ];
        for change in changes {
            let mut config = Config::default();
            change(&mut config);
            assert_ne!(plain.policy(), config.policy());
        }
    }
}
