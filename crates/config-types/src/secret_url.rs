//! A URL that may contain a password or a token.

use std::{borrow::Cow, fmt, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::MASK;

/// A URL, or several separated by commas, whose user, password and query are secret. `Debug` and serialization show
/// `***` in place of these. Paths of folders are shown, any other text is masked as a whole.
///
/// ```
/// # use config_types::SecretUrl;
/// let url = SecretUrl::from("https://user:hunter2@a.example/b?token=hunter2");
/// assert_eq!(format!("{url:?}"), "\"https://***@a.example/b?***\"");
/// ```
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl Deref for SecretUrl {
    type Target = str;

    /// The URL itself, with its secrets.
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for SecretUrl {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redact_url(&self.0).fmt(f)
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&redact_url(&self.0))
    }
}

impl JsonSchema for SecretUrl {
    fn schema_name() -> Cow<'static, str> {
        "SecretUrl".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "writeOnly": true })
    }
}

/// A URL, or several separated by commas, with `***` in place of user, password and query. Paths of folders are shown, any
/// other text is masked as a whole.
pub fn redact_url(text: &str) -> String {
    text.split(',').map(redact).collect::<Vec<_>>().join(",")
}

fn redact(text: &str) -> String {
    match Url::parse(text.trim()) {
        Ok(url) if url.has_host() => {
            let user = if url.username().is_empty() && url.password().is_none() { "" } else { "***@" };
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            let host = url.host_str().unwrap_or_default();
            let query = url.query().map_or("", |_| "?***");
            format!("{}://{user}{host}{port}{}{query}", url.scheme(), url.path())
        }
        _ if is_path(text) => text.to_owned(),
        _ => MASK.to_owned(),
    }
}

/// Whether the text is empty, the path of a folder, or a `file:` URL.
fn is_path(text: &str) -> bool {
    text.is_empty() || ['/', '.'].iter().any(|start| text.starts_with(*start)) || text.starts_with("file:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_path_are_shown() {
        for (text, expected) in [
            ("", ""),
            ("redis://:pw@a:1/2", "redis://***@a:1/2"),
            ("redis://a:1,redis://u:p@b", "redis://a:1,redis://***@b"),
            ("s3://bucket/x?key=1", "s3://bucket/x?***"),
            ("https://u:p@a.example:8443/b?token=x", "https://***@a.example:8443/b?***"),
            ("plain", "***"),
            ("/srv/pictures", "/srv/pictures"),
            ("file:///srv/pictures", "file:///srv/pictures"),
        ] {
            assert_eq!(redact_url(text), expected);
        }
    }
}
