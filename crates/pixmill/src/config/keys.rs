//! What the JSON schema of the configuration says of a key: whether its value is a secret.

use std::sync::LazyLock;

use schemars::schema_for;
use serde_json::Value;

use super::root::Config;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| schema_for!(Config).to_value());

/// Whether the value of a key, or of a key below it, is a secret: a [`config_types::Secret`] or
/// [`config_types::SecretUrl`], whose schemas are `writeOnly`.
pub fn is_secret(key: &str) -> bool {
    let mut schema = resolve(&SCHEMA);
    for name in key.split('.') {
        let below = schema.get("properties").and_then(|properties| properties.get(name));
        let Some(below) = below.or_else(|| schema.get("additionalProperties")) else { break };
        schema = resolve(below);
    }
    contains_secret(schema)
}

fn contains_secret(schema: &Value) -> bool {
    let schema = resolve(schema);
    let properties = schema.get("properties").and_then(Value::as_object);
    let below = ["items", "additionalProperties"].into_iter().filter_map(|name| schema.get(name));
    schema.get("writeOnly") == Some(&Value::Bool(true))
        || properties.into_iter().flat_map(|properties| properties.values()).chain(below).any(contains_secret)
}

/// Follows a reference to the definition of a named type.
fn resolve(schema: &Value) -> &Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    name.and_then(|name| SCHEMA["$defs"].get(name)).unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_types() {
        for key in [
            "admin.password",
            "cache.redis.sentinel_credentials",
            "cache.redis.url",
            "origin",
            "origin.bucket.azure_key",
            "origin.bucket.azure_sas",
            "origin.bucket.secret_access_key",
            "origin.bucket.session_token",
            "origin.headers",
            "origin.headers.authorization",
            "origin.url",
            "origins.shop.bucket.azure_sas",
            "origins.shop.headers.cookie",
            "origins.shop.url",
            "params.signing.keys",
            "params.signing.keys.main",
            "sentry.dsn",
            "telemetry.otlp.headers",
            "uploads.tokens",
        ] {
            assert!(is_secret(key), "{key}");
        }
        for key in ["admin.username", "limits", "limits.max_side", "listen.address", "origin.timeout", "logs"]
        {
            assert!(!is_secret(key), "{key}");
        }
    }
}
