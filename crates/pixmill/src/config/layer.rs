//! One value that one layer gives one key, and whether it fits.

use serde::Deserialize;
use toml::{Table, Value};

use super::{Config, MASK, renamed};

/// CacheKeys, or what lies below them, whose values are never shown; `*` is any name.
pub(super) const SECRETS: &[&str] = &[
    "admin.password",
    "cache.redis.sentinel_credentials",
    "cache.redis.url",
    "origin.bucket.azure_key",
    "origin.bucket.azure_sas",
    "origin.bucket.secret_access_key",
    "origin.bucket.session_token",
    "origin.headers",
    "origin.url",
    "origins.*.bucket.azure_key",
    "origins.*.bucket.azure_sas",
    "origins.*.bucket.secret_access_key",
    "origins.*.bucket.session_token",
    "origins.*.headers",
    "origins.*.url",
    "params.signing.keys",
    "uploads.tokens",
];

/// What serde calls types, and what people call them.
const TYPES: &[(&str, &str)] = &[
    ("a duration", "a duration such as 20s or 5m"),
    ("parsable string", "a size such as 64MiB, or a number of bytes"),
    ("f64", "a number"),
    ("a sequence", "a list such as `[\"a\", \"b\"]`, or `a,b` in the environment"),
    ("u8", "a whole number of at most 255"),
    ("u16", "a whole number of at most 65535"),
    ("u32", "a whole number of at most 4294967295"),
    ("u64", "a whole number"),
    ("usize", "a whole number"),
];

/// How serde begins to say that a key wants no text, whatever the text says.
const NO_TEXT: &str = "invalid type: string";

/// How serde ends to say that a key wants a list.
const LISTS: [&str; 2] = ["expected a sequence", "expected an array of length"];

/// A value for a key, and where it was given.
#[derive(Debug)]
pub struct LayerValue {
    /// The names from the section down.
    pub key: Vec<String>,
    /// The value.
    pub given: RawValue,
    /// The file, the variable or the option.
    pub source: String,
}

/// A value as it was given.
#[derive(Debug)]
pub enum RawValue {
    /// With a type.
    Toml(Value),
    /// As text, whatever its key wants: a text, a TOML value of any type, or a list separated by commas.
    Text(String),
}

impl LayerValue {
    /// The value in the type that the key wants, below the key and nothing beside it; else the problem.
    ///
    /// Every key has a default, so a configuration with this one value tells whether the value fits. That finds the
    /// problems of all keys, where reading everything at once would end at the first.
    pub fn fit(&self) -> Result<Value, String> {
        match &self.given {
            RawValue::Toml(value) => self.fit_value(value.clone()),
            RawValue::Text(text) => self.fit_text(text),
        }
        .map_err(|message| self.problem(&message))
    }

    /// Text as it is, else as a TOML value, else as a list whose elements are separated by commas.
    fn fit_text(&self, text: &str) -> Result<Value, String> {
        let refused = match self.fit_value(Value::String(text.to_owned())) {
            Err(refused) if refused.starts_with(NO_TEXT) => refused,
            fitting => return fitting,
        };
        let typed = text.parse().map(|value| self.fit_value(value));
        if let Ok(Ok(value)) = typed {
            return Ok(value);
        }
        if LISTS.iter().any(|list| refused.contains(list)) && !text.trim_start().starts_with('[') {
            let elements = || text.split(',').map(str::trim).filter(|element| !element.is_empty());
            let texts = elements().map(|element| Value::String(element.to_owned()));
            let values =
                elements().map(|element| element.parse().unwrap_or(Value::String(element.to_owned())));
            let is_fitting = self.fit_value(Value::Array(texts.collect()));
            return is_fitting.or_else(|_| self.fit_value(Value::Array(values.collect())));
        }
        typed.unwrap_or(Err(refused))
    }

    /// An error is serde's message.
    fn fit_value(&self, value: Value) -> Result<Value, String> {
        let below = |value, name: &String| Value::Table(Table::from_iter([(name.clone(), value)]));
        let nested = self.key.iter().rev().fold(value, below);
        match Config::deserialize(nested.clone()) {
            Ok(_) => Ok(nested),
            Err(error) => Err(error.message().to_owned()),
        }
    }

    fn problem(&self, message: &str) -> String {
        let Self { source, .. } = self;
        if let Some(rest) = message.strip_prefix("unknown field ") {
            let (unknown, expected) = rest.split_once(", ").unwrap_or((rest, "expected none"));
            let unknown = self.up_to(unknown);
            return match renamed::successor(&unknown).or_else(|| renamed::successor(&self.key.join("."))) {
                Some(key) => format!("{unknown} is no known key, use {key} (from {source})"),
                None => format!("{unknown} is no known key, {expected} (from {source})"),
            };
        }
        let key = self.key.join(".");
        let value = self.shown(&key);
        match message.rsplit_once(", expected ") {
            Some((_, wanted)) => {
                let known = TYPES.iter().find(|(name, _)| *name == wanted);
                let wanted = known.map_or(wanted, |(_, words)| words);
                format!("{key} is {value}, expected {wanted} (from {source})")
            }
            None => format!("{key} is {value}: {message} (from {source})"),
        }
    }

    /// The key down to the name that serde knows nothing of, and puts between backticks.
    fn up_to(&self, unknown: &str) -> String {
        let at = self.key.iter().position(|name| *name == unknown.trim_matches('`'));
        self.key[..at.map_or(self.key.len(), |at| at + 1)].join(".")
    }

    fn shown(&self, key: &str) -> String {
        if SECRETS.iter().any(|secret| is_below(key, secret)) {
            return MASK.to_owned();
        }
        match &self.given {
            RawValue::Toml(value) => value.to_string(),
            RawValue::Text(text) => format!("{text:?}"),
        }
    }
}

/// Is it this key, or one below it?
pub(super) fn is_below(key: &str, above: &str) -> bool {
    let mut names = key.split('.');
    above.split('.').all(|wanted| names.next().is_some_and(|name| wanted == "*" || wanted == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(key: &str, given: RawValue) -> LayerValue {
        LayerValue { key: key.split('.').map(str::to_owned).collect(), given, source: "there".to_owned() }
    }

    fn text(key: &str, text: &str) -> Result<String, String> {
        setting(key, RawValue::Text(text.to_owned()))
            .fit()
            .map(|value| value.to_string().replace(' ', "").replace('"', "'"))
    }

    #[test]
    fn text_takes_the_type_of_its_key() {
        for (key, given, expected) in [
            ("limits.max_side", "500", "{limits={max_side=500}}"),
            ("output.avif", "false", "{output={avif=false}}"),
            ("origin.url", "8080", "{origin={url='8080'}}"),
            ("origin.headers.x", "true", "{origin={headers={x='true'}}}"),
            ("origin.headers", "{ a = 'b' }", "{origin={headers={a='b'}}}"),
            ("limits.deadline", "1m", "{limits={deadline='1m'}}"),
            ("cache.memory.max_bytes", "64MiB", "{cache={memory={max_bytes='64MiB'}}}"),
            ("cache.memory.max_bytes", "1048576", "{cache={memory={max_bytes='1048576'}}}"),
            ("logs.format", "json", "{logs={format='json'}}"),
            ("origin.url", "", "{origin={url=''}}"),
            (
                "cors.allowed_origins",
                "https://a.example, https://b.example",
                "{cors={allowed_origins=['https://a.example','https://b.example']}}",
            ),
            (
                "cors.allowed_origins",
                "['https://a.example']",
                "{cors={allowed_origins=['https://a.example']}}",
            ),
            ("cors.allowed_origins", "https://a.example", "{cors={allowed_origins=['https://a.example']}}"),
            ("cors.allowed_origins", "", "{cors={allowed_origins=[]}}"),
            ("uploads.tokens", "true", "{uploads={tokens=['true']}}"),
            ("quality_auto.ssim", "0.9,0.92, 0.94,0.96", "{quality_auto={ssim=[0.9,0.92,0.94,0.96]}}"),
        ] {
            assert_eq!(text(key, given).as_deref(), Ok(expected), "{key}={given}");
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn what_does_not_fit_is_told_with_key_value_and_what_was_expected() {
        for (key, given, expected) in [
            (
                "limits.max_side",
                "big",
                "limits.max_side is \"big\", expected a whole number of at most 4294967295 (from there)",
            ),
            (
                "limits.max_side",
                "1.5",
                "limits.max_side is \"1.5\", expected a whole number of at most 4294967295 (from there)",
            ),
            (
                "limits.max_side",
                "-1",
                "limits.max_side is \"-1\", expected a whole number of at most 4294967295 (from there)",
            ),
            (
                "limits.max_side",
                "",
                "limits.max_side is \"\", expected a whole number of at most 4294967295 (from there)",
            ),
            (
                "output.avif_effort",
                "300",
                "output.avif_effort is \"300\", expected a whole number of at most 255 (from there)",
            ),
            ("output.avif", "yes", "output.avif is \"yes\", expected a boolean (from there)"),
            (
                "logs.format",
                "xml",
                "logs.format is \"xml\", expected one of `auto`, `json`, `human` (from there)",
            ),
            (
                "listen.address",
                "localhost",
                "listen.address is \"localhost\", expected an IP address and a port, such as 127.0.0.1:8080 (from there)",
            ),
            (
                "limits.deadline",
                "20",
                "limits.deadline is \"20\", expected a duration such as 20s or 5m (from there)",
            ),
            (
                "limits.max_bytes",
                "1 parsec",
                "limits.max_bytes is \"1 parsec\", expected a size such as 64MiB, or a number of bytes (from there)",
            ),
            (
                "quality_auto.ssim",
                "0.9,x,1,1",
                "quality_auto.ssim is \"0.9,x,1,1\", expected a number (from there)",
            ),
            (
                "cors.allowed_origins",
                "['a",
                "cors.allowed_origins is \"['a\", expected a list such as `[\"a\", \"b\"]`, or `a,b` in the environment (from there)",
            ),
            ("limits", "3", "limits is \"3\", expected struct Limits (from there)"),
        ] {
            assert_eq!(text(key, given), Err(expected.to_owned()), "{key}={given}");
        }
    }

    #[test]
    fn unknown_keys_are_told_with_the_known_ones_but_without_the_value() {
        for (key, unknown, known) in [
            ("limit.max_side", "limit", "`listen`, `admin`, `origin`"),
            ("params.allow", "params.allow", "`allow_original`"),
            ("cache.memory.size.max", "cache.memory.size", "`max_bytes`"),
            ("", "", "`listen`"),
        ] {
            let problem = text(key, "hunter2").unwrap_err();
            assert!(problem.starts_with(&format!("{unknown} is no known key, expected ")), "{problem}");
            assert!(problem.contains(known) && !problem.contains("hunter2"), "{problem}");
        }
        assert!(text("listen.address.port", "1").unwrap_err().starts_with("listen.address.port is "));
    }

    #[test]
    fn secrets_are_not_shown() {
        let value = Value::Integer(271_828);
        for key in [
            "origin.headers.authorization",
            "origin.headers",
            "origin.url",
            "cache.redis.url",
            "origin.bucket.secret_access_key",
            "origins.shop.headers.cookie",
            "origins.shop.bucket.azure_sas",
        ] {
            let problem = setting(key, RawValue::Toml(value.clone())).fit().unwrap_err();
            assert!(problem.starts_with(&format!("{key} is ***, expected ")), "{problem}");
            assert!(!problem.contains("271828"), "{problem}");
        }
    }
}
