//! URLs as the client libraries must build them, written by the server's own code.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use image_api::Params;
use image_api::query::RequestQuery;
use image_api::table::find;
use pixmill::config::Secret;
use pixmill::signing::{Purpose, Signer, message};
use serde_json::Value;

/// The time at which signatures are checked, in seconds of Unix time: before `expires` of all vectors.
const NOW: u64 = 1_800_000_000;

/// Text with all but unreserved characters percent-encoded, as the canonical form of a query has it.
fn escaped(text: &str) -> String {
    RequestQuery::from_fields([("", text)]).to_query()[1..].to_owned()
}

/// A value as text; lists of simple values are joined by commas, others are JSON with sorted keys.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => decimal(number.as_f64().unwrap_or_default()),
        Value::Array(items) if !items.iter().any(Value::is_object) => {
            items.iter().map(text).collect::<Vec<_>>().join(",")
        }
        other => json(other),
    }
}

/// JSON without spaces, keys in order.
fn json(value: &Value) -> String {
    match value {
        Value::Number(number) => decimal(number.as_f64().unwrap_or_default()),
        Value::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
        Value::Object(keys) => {
            let sorted: BTreeMap<_, _> = keys.iter().filter(|(_, value)| !value.is_null()).collect();
            let fields =
                sorted.iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), json(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// A number with at most six decimals.
fn decimal(number: f64) -> String {
    let fixed = format!("{number:.6}");
    let short = fixed.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// The URL of a picture; an error if the server would not take it as it is meant.
pub fn built(base: &str, path: &str, params: &Value) -> Result<String> {
    let params = params.as_object().context("expected an object of parameters")?;
    let mut fields = Vec::new();
    for (name, value) in params.iter().filter(|(_, value)| !value.is_null()) {
        let row = find(name).with_context(|| format!("{name} is not a parameter"))?;
        // other than lists of words and numbers, `cache_queries` is JSON
        let is_json = value.is_array() && matches!(row.spec.name, "layers" | "cache_queries");
        fields.push((row.spec.name, if is_json { json(value) } else { text(value) }));
    }
    let fields = fields.iter().map(|(name, text)| (*name, text.as_str()));
    let query = RequestQuery::from_fields(fields).sorted();
    let written = query.to_query();
    ensure!(RequestQuery::parse(&written)? == query, "{written} is read as something else");
    let parsed = Params::parse(&written)?;
    ensure!(parsed.clamped.is_empty(), "{written}: out of range: {:?}", parsed.clamped);
    let segments: Vec<_> = path.trim_start_matches('/').split('/').map(escaped).collect();
    let mark = if written.is_empty() { "" } else { "?" };
    Ok(format!("{}/{}{mark}{written}", base.trim_end_matches('/'), segments.join("/")))
}

/// How a URL is signed.
#[derive(Debug, Clone, Copy)]
pub struct Signing<'a> {
    pub key: &'a str,
    pub strip_prefix: &'a str,
    pub upload: bool,
}

/// The text that is signed, and the signed URL, which the server's own check has accepted.
pub fn signed(url: &str, signing: Signing<'_>) -> Result<(String, String)> {
    let url = url.split('#').next().unwrap_or_default();
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let path =
        place.split_once("://").map_or(place, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let path = if signing.strip_prefix.is_empty() {
        path
    } else {
        path.strip_prefix(signing.strip_prefix).context("expected a path below the prefix")?
    };
    let purpose = if signing.upload { Purpose::Upload } else { Purpose::Picture };
    let parsed = RequestQuery::parse(query)?;
    let text = message(purpose, path, &parsed.clone().sorted());
    // during a rotation, both keys are valid
    let keys = [("signing", signing.key), ("other", "another key of the vectors")];
    let keys = keys.map(|(id, key)| (id.to_owned(), Secret::from(key)));
    let signer = Signer::new(&BTreeMap::from(keys)).context("expected a key")?;
    let signature = signer.sign("signing", purpose, path, &parsed).context("expected a signature")?;
    let joint = if query.is_empty() { "" } else { "&" };
    let sent = format!("{query}{joint}signature={signature}");
    if let Err(fault) = signer.check(purpose, path, RequestQuery::parse(&sent)?, NOW) {
        bail!("{place}?{sent}: {fault}");
    }
    Ok((text, format!("{place}?{sent}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn urls_are_canonical() {
        let params =
            json!({ "w": 300, "flip": true, "blur": 2.50, "mark": "/a b.png", "crop": [1, -2, 30, 40] });
        assert_eq!(
            built("https://img.example/", "/é/a.jpg", &params).unwrap(),
            "https://img.example/%C3%A9/a.jpg?blur=2.5&crop=1%2C-2%2C30%2C40&flip=true&mark=%2Fa%20b.png&width=300"
        );
        assert_eq!(built("", "a.jpg", &json!({ "width": null })).unwrap(), "/a.jpg");
        assert!(built("", "a.jpg", &json!({ "width": -5 })).is_err());
        assert!(built("", "a.jpg", &json!({ "widht": 5 })).is_err());
    }

    #[test]
    fn signatures_are_those_of_the_server() {
        let signing = Signing { key: "correct horse battery staple", strip_prefix: "/img", upload: false };
        let (text, url) = signed("https://img.example/img/a.jpg?width=3#x", signing).unwrap();
        assert_eq!(text, "/a.jpg?width=3");
        assert!(url.starts_with("https://img.example/img/a.jpg?width=3&signature="), "{url}");
        assert!(signed("/other/a.jpg", signing).is_err());
        assert!(signed("/img/a.jpg?expires=5", signing).is_err());
    }
}
