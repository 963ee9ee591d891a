//! A value that a layer sets for a key, and its validation.

use std::collections::BTreeMap;

use config_types::{MASK, Problem};
use serde_path_to_error::{Path, Segment};

use super::{
    keys::is_secret,
    renamed,
    root::Config,
    value::{LayerValue, Mismatch},
};

/// Types in the terms of serde, and as they are shown.
const TYPES: &[(&str, &str)] = &[
    ("a duration", "a duration such as 20s or 5m"),
    ("parsable string", "a size such as 64MiB, or a number of bytes"),
    ("integer overflow", "a size such as 64MiB, or a number of bytes"),
    ("f32", "a number"),
    ("f64", "a number"),
    ("a map", "a table"),
    ("a sequence", "a list such as `[\"a\", \"b\"]`, or `a,b` in the environment"),
    ("u8", "a whole number of at most 255"),
    ("u16", "a whole number of at most 65535"),
    ("u32", "a whole number of at most 4294967295"),
    ("u64", "a whole number, 0 or more"),
    ("usize", "a whole number, 0 or more"),
];

/// A value for a key, and where it was set.
#[derive(Debug)]
pub struct Setting {
    /// The names, from the section to the key.
    pub key: Vec<String>,
    /// The value.
    pub value: LayerValue,
    /// The file, the variable or the command-line option.
    pub source: String,
}

impl Setting {
    /// The setting as a table with this one value, if it fits its key.
    ///
    /// Every key has a default, so deserializing a configuration with this one value tells whether the value fits. That
    /// finds the problems of all keys, where deserializing all values together would stop at the first.
    pub fn fit(&self) -> Result<LayerValue, Problem> {
        let Err(problem) = self.fit_value(self.value.clone()).map_err(|error| self.problem(&error)) else {
            return Ok(self.nested(self.table_or_value()));
        };
        Err(problem)
    }

    fn fit_value(&self, value: LayerValue) -> Result<(), serde_path_to_error::Error<Mismatch>> {
        serde_path_to_error::deserialize(self.nested(value)).map(|_: Config| ())
    }

    /// Text that is an inline table, as a table, so that it is merged with the layers below key by key.
    fn table_or_value(&self) -> LayerValue {
        if let LayerValue::Text(text) = &self.value
            && let Ok(table @ toml::Value::Table(_)) = text.trim().parse()
            && self.fit_value(table.clone().into()).is_ok()
        {
            return table.into();
        }
        self.value.clone()
    }

    fn nested(&self, value: LayerValue) -> LayerValue {
        let below = |value, name: &String| LayerValue::Table(BTreeMap::from([(name.clone(), value)]));
        self.key.iter().rev().fold(value, below)
    }

    fn problem(&self, error: &serde_path_to_error::Error<Mismatch>) -> Problem {
        let key = self.key.join(".");
        let path = dotted(error.path());
        let problem = match error.inner() {
            Mismatch::UnknownKey(_)
                if let Some(new) = renamed::successor(&path).or_else(|| renamed::successor(&key)) =>
            {
                Problem::new(path, format!("unknown key, use {new}"))
            }
            mismatch @ Mismatch::UnknownKey(_) => Problem::new(path, mismatch.to_string()),
            Mismatch::Expected(expected) => {
                let known = TYPES.iter().find(|(name, _)| name == expected);
                let expected = known.map_or(expected.as_str(), |(_, words)| words);
                Problem::new(path, format!("expected {expected}, got {}", self.shown(&key)))
            }
            Mismatch::Other(message) => Problem::new(path, format!("{message}, got {}", self.shown(&key))),
        };
        problem.from_source(&self.source)
    }

    /// The value as it was set, unless it is a secret.
    fn shown(&self, key: &str) -> String {
        match &self.value {
            _ if is_secret(key) => MASK.to_owned(),
            LayerValue::Toml(value) => value.to_string(),
            LayerValue::Text(text) => format!("{text:?}"),
            LayerValue::Table(_) => "a table".to_owned(),
        }
    }
}

/// A path as a key: names joined by dots.
fn dotted(path: &Path) -> String {
    let mut key = String::new();
    for segment in path {
        match segment {
            Segment::Map { key: name } => {
                if !key.is_empty() {
                    key.push('.');
                }
                key.push_str(name);
            }
            // elements of lists have no keys of their own
            Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use toml::Value;

    use super::*;

    fn setting(key: &str, value: LayerValue) -> Setting {
        Setting { key: key.split('.').map(str::to_owned).collect(), value, source: "there".to_owned() }
    }

    /// The configuration with this text for this key, or the problem.
    fn load(key: &str, text: &str) -> Result<Config, String> {
        let fitting = setting(key, LayerValue::Text(text.to_owned())).fit();
        let fitting = fitting.map_err(|problem| problem.to_string())?;
        Ok(serde_path_to_error::deserialize(fitting).unwrap())
    }

    #[test]
    fn text_takes_the_type_of_its_key() {
        for (key, text, pointer, expected) in [
            ("limits.max_side", "500", "/limits/max_side", "500"),
            ("output.avif", "false", "/output/avif", "false"),
            ("params.enlarge", "False", "/params/enlarge", "false"),
            ("params.strict", "TRUE", "/params/strict", "true"),
            ("admin.username", "8080", "/admin/username", "\"8080\""),
            ("limits.deadline", "1m", "/limits/deadline", "\"1m\""),
            ("cache.memory.max_bytes", "64MiB", "/cache/memory/max_bytes", "\"64.0 MiB\""),
            ("cache.memory.max_bytes", "1048576", "/cache/memory/max_bytes", "\"1.0 MiB\""),
            ("logs.format", "json", "/logs/format", "\"json\""),
            ("origin.url", "", "/origin/url", "\"\""),
            ("params.presets", "{ a = 'width=5' }", "/params/presets", "{\"a\":\"width=5\"}"),
            ("params.presets.a", "true", "/params/presets", "{\"a\":\"true\"}"),
            (
                "cors.allowed_origins",
                "https://a.example, https://b.example",
                "/cors/allowed_origins",
                "[\"https://a.example\",\"https://b.example\"]",
            ),
            (
                "cors.allowed_origins",
                "['https://a.example']",
                "/cors/allowed_origins",
                "[\"https://a.example\"]",
            ),
            ("cors.allowed_origins", "https://a.example", "/cors/allowed_origins", "[\"https://a.example\"]"),
            ("cors.allowed_origins", "", "/cors/allowed_origins", "[]"),
            (
                "params.widths_allowed",
                "320,400-800/100",
                "/params/widths_allowed",
                "[\"320\",\"400-800/100\"]",
            ),
            ("uploads.tokens", "true", "/uploads/tokens", "[\"***\"]"),
            ("quality_auto.ssim", "0.9,0.92, 0.94,0.96", "/quality_auto/ssim", "[0.9,0.92,0.94,0.96]"),
        ] {
            let config = load(key, text).unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!(config.redacted().pointer(pointer).unwrap().to_string(), expected, "{key}={text}");
        }
    }

    #[test]
    fn problems_name_key_value_and_what_was_expected() {
        const WHOLE: &str = "a whole number of at most 4294967295";
        for (key, text, expected) in [
            ("limits.max_side", "big", WHOLE),
            ("limits.max_side", "1.5", WHOLE),
            ("limits.max_side", "-1", WHOLE),
            ("limits.max_side", "", WHOLE),
            ("output.avif_effort", "300", "a whole number of at most 255"),
            ("output.avif", "yes", "a boolean"),
            ("logs.format", "xml", "one of `auto`, `json`, `human`, `ecs`, `gcp`, `logfmt`"),
            ("listen.address", "localhost", "an IP address and a port, such as 127.0.0.1:8080"),
            ("limits.deadline", "20", "a duration such as 20s or 5m"),
            ("limits.max_bytes", "1 parsec", "a size such as 64MiB, or a number of bytes"),
            ("quality_auto.ssim", "0.9,x,1,1", "a number"),
            ("cors.allowed_origins", "['a", "a list such as `[\"a\", \"b\"]`, or `a,b` in the environment"),
            ("limits", "3", "a table"),
            ("limits", "[]", "a table"),
            ("listen", "x", "a table"),
            ("limits.max_bytes", "-1", "a size such as 64MiB, or a number of bytes"),
            ("listen.workers", "-1", "a whole number, 0 or more"),
            (
                "params.widths_allowed",
                "[1.5]",
                "a length in pixels such as 640, or a range with its step such as \"200-1600/100\"",
            ),
        ] {
            let problem = format!("{key}: expected {expected}, got {text:?} (from there)");
            assert_eq!(load(key, text).unwrap_err(), problem);
        }
    }

    #[test]
    fn unknown_keys_are_reported_with_the_known_ones_but_without_the_value() {
        for (key, unknown, known) in [
            ("limit.max_side", "limit", "`listen`, `admin`, `origin`"),
            ("params.allow", "params.allow", "`allow_original`"),
            ("cache.memory.size.max", "cache.memory.size", "`max_bytes`"),
        ] {
            let problem = load(key, "hunter2").unwrap_err();
            assert!(problem.starts_with(&format!("{unknown}: unknown key, expected ")), "{problem}");
            assert!(problem.contains(known) && !problem.contains("hunter2"), "{problem}");
        }
        assert!(load("", "hunter2").unwrap_err().contains("unknown key, expected one of `listen`"));
        assert!(load("listen.address.port", "1").unwrap_err().starts_with("listen.address: expected "));
    }

    #[test]
    fn secrets_are_not_shown() {
        for key in [
            "origin.headers.authorization",
            "origin.headers",
            "origin.url",
            "cache.redis.url",
            "origin.bucket.secret_access_key",
            "origins.shop.headers.cookie",
            "origins.shop.bucket.azure_sas",
        ] {
            let value = LayerValue::Toml(Value::Integer(271_828));
            let problem = setting(key, value).fit().unwrap_err();
            assert_eq!(problem.key, key);
            assert!(problem.text.contains(", got *** (from there)"), "{problem}");
            assert!(!problem.text.contains("271828"), "{problem}");
        }
    }
}
