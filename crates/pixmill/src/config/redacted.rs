//! The configuration as it may be shown: everything that holds, and no secret.

use serde_json::Value;
use url::Url;

use super::{
    Config, MASK,
    layer::{SECRETS, is_below},
};

impl Config {
    /// All keys with the values that hold; secrets are masked.
    pub fn redacted(&self) -> Value {
        let mut redacted =
            serde_json::to_value(self).expect("invariant: all keys of the configuration are texts");
        mask(&mut Vec::new(), &mut redacted);
        redacted
    }

    /// The part that changes answers though it does not change how they are made, as text without secrets.
    pub fn policy(&self) -> String {
        let redacted = self.redacted();
        let parts = POLICY.map(|pointer| redacted.pointer(pointer).unwrap_or(&Value::Null).to_string());
        parts.join("\n")
    }
}

/// What changes answers and stands in no key of a cache: where originals come from, and how queries are read.
const POLICY: [&str; 4] = ["/origin/url", "/origins", "/params", "/client_hints"];

/// Masks what lies at or below the key of a secret.
fn mask(key: &mut Vec<String>, value: &mut Value) {
    if let Value::Object(entries) = value {
        for (name, below) in entries {
            key.push(name.clone());
            mask(key, below);
            key.pop();
        }
        return;
    }
    let key = key.join(".");
    if SECRETS.iter().any(|secret| is_below(&key, secret)) {
        hide(value);
    }
}

/// Hides a value, unless there is none. Of a URL, the scheme, the host and the path are no secrets.
fn hide(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Array(values) => values.iter_mut().for_each(hide),
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => {
            *text = text.split(',').map(hidden).collect::<Vec<_>>().join(",");
        }
        other => *other = MASK.into(),
    }
}

fn hidden(text: &str) -> String {
    match Url::parse(text.trim()) {
        Ok(url) if url.has_host() => {
            let user = if url.username().is_empty() && url.password().is_none() { "" } else { "***@" };
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            let host = url.host_str().unwrap_or_default();
            let query = url.query().map_or("", |_| "?***");
            format!("{}://{user}{host}{port}{}{query}", url.scheme(), url.path())
        }
        _ => MASK.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let mut config = Config::default();
        config.origin.url = "https://user:hunter2@a.example:8443/b?token=hunter2".to_owned();
        config.origin.headers.insert("authorization".to_owned(), "hunter2".to_owned());
        config.params.signing.keys.insert("main".to_owned(), "hunter2".into());
        config.admin.password = "hunter2".into();
        config.origins.insert("shop".to_owned(), config.origin.clone());
        let redacted = config.redacted();
        assert!(!redacted.to_string().contains("hunter2"), "{redacted}");
        assert_eq!(redacted["origin"]["headers"], json!({ "authorization": "***" }));
        assert_eq!(redacted["params"]["signing"]["keys"], json!({ "main": "***" }));
        assert_eq!(redacted["admin"]["password"], "***");
        assert_eq!(redacted["origins"]["shop"], redacted["origin"]);
        assert!(redacted["origin"]["url"].as_str().unwrap().contains("@a.example:8443/b"), "{redacted}");
        assert_eq!(redacted["limits"]["max_side"], config.limits.max_side);
        assert_eq!(Config::default().redacted()["origin"]["url"], "");
    }

    #[test]
    fn of_urls_the_place_is_shown() {
        for (text, expected) in [
            ("redis://:pw@a:1/2", "redis://***@a:1/2"),
            ("redis://a:1,redis://u:p@b", "redis://a:1,redis://***@b"),
            ("s3://bucket/x?key=1", "s3://bucket/x?***"),
            ("plain", "***"),
        ] {
            let mut value = json!(text);
            hide(&mut value);
            assert_eq!(value, expected);
        }
    }

    #[test]
    fn the_policy_is_what_changes_answers() {
        let plain = Config::default();
        let mut other = Config::default();
        other.listen.workers = 3;
        other.limits.deadline *= 2;
        assert_eq!(plain.policy(), other.policy());
        let changes: [fn(&mut Config); 5] = [
            |config| drop(config.origins.insert("a".to_owned(), origin::Config::default())),
            |config| config.params.strict = true,
            |config| config.params.defaults = "width=5".to_owned(),
            |config| config.origin.url = "http://a.example".to_owned(),
            |config| config.client_hints.enabled = true,
        ];
        for change in changes {
            let mut config = Config::default();
            change(&mut config);
            assert_ne!(plain.policy(), config.policy());
        }
    }

    #[test]
    fn every_secret_is_a_key() {
        let mut config = Config::default();
        config.origins.insert("*".to_owned(), origin::Config::default());
        let redacted = config.redacted();
        for secret in SECRETS {
            let pointer = format!("/{}", secret.replace('.', "/"));
            assert!(redacted.pointer(&pointer).is_some(), "{secret}");
        }
    }
}
