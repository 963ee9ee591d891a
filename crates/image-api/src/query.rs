//! The query string as (name, value) pairs: size cap, percent-decoding, the `64` suffix, last wins.

use std::borrow::Cow;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use percent_encoding::{percent_decode_str, percent_encode_byte};

use crate::params::spec::Invalid;

/// Longest query string that is looked at, in bytes. Layers as JSON fit; a flood does not.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// Base64 as clients send it: padded or not, trailing bits ignored.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The value that was sent for one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Its name as sent, without a `64` that was taken off.
    pub name: String,
    /// Its value, decoded.
    pub value: Value,
}

/// A value as sent: as it stands, or in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// As it stands.
    Plain(String),
    /// Sent under `NAME64`; still encoded, since an unknown name is not worth the work.
    Base64(String),
}

impl Raw {
    /// The name as it was sent.
    pub fn sent_name(&self) -> String {
        match self.value {
            Value::Plain(_) => self.name.clone(),
            Value::Base64(_) => format!("{}64", self.name),
        }
    }
}

impl Value {
    /// The text that was meant; an error is what was expected instead.
    pub fn text(self) -> Result<String, &'static str> {
        match self {
            Self::Plain(text) => Ok(text),
            Self::Base64(code) => decode(&code),
        }
    }

    /// Whether this value wins over one sent before it: base64 wins over plain, later over earlier.
    pub fn replaces(&self, earlier: &Self) -> bool {
        matches!((self, earlier), (Self::Base64(_), _) | (Self::Plain(_), Self::Plain(_)))
    }
}

/// Splits a query string. A `64` at the end of a name is taken off unless `known` says that the whole is a name.
pub fn split(query: &str, known: impl Fn(&str) -> bool) -> Result<Vec<Raw>, Invalid> {
    if query.len() > MAX_QUERY_BYTES {
        let expected = format!("at most {MAX_QUERY_BYTES} bytes");
        return Err(Invalid::new("query", query, expected));
    }
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&with_bytes(query))
        .map_err(|_| Invalid::new("query", query, "name=value pairs joined by &"))?;
    Ok(pairs
        .into_iter()
        .map(|(name, value)| match name.strip_suffix("64") {
            Some(base) if !known(&name) => Raw { name: base.to_owned(), value: Value::Base64(value) },
            _ => Raw { name, value: Value::Plain(value) },
        })
        .collect())
}

/// A query string whose percent-encoded bytes are text when they are decoded: those that are not UTF-8 are encoded once
/// more, so that a path or a URL in a value still names the bytes that were meant.
pub fn with_bytes(query: &str) -> Cow<'_, str> {
    if percent_decode_str(query).decode_utf8().is_ok() {
        return Cow::Borrowed(query);
    }
    let raw = query.as_bytes();
    // where in the query each decoded byte begins
    let mut starts = Vec::with_capacity(raw.len() + 1);
    let mut at = 0;
    while at < raw.len() {
        starts.push(at);
        at += if is_escape(&raw[at..]) { 3 } else { 1 };
    }
    starts.push(raw.len());
    let bytes: Vec<u8> = percent_decode_str(query).collect();
    let mut spelled = String::with_capacity(query.len() + 16);
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        let valid = at + chunk.valid().len();
        spelled.push_str(&query[starts[at]..starts[valid]]);
        for byte in chunk.invalid() {
            spelled.push_str("%25");
            spelled.push_str(&percent_encode_byte(*byte)[1..]);
        }
        at = valid + chunk.invalid().len();
    }
    Cow::Owned(spelled)
}

/// Whether these bytes begin with a percent-encoded one.
pub fn is_escape(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Percent-decoded text; bytes that are not UTF-8 stay encoded.
pub fn decoded(text: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|byte| percent_encode_byte(*byte)));
    }
    decoded
}

/// Appends a value so that [`split`] reads it back, whatever is in it.
pub fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '%' => out.push_str("%25"),
            '&' => out.push_str("%26"),
            '+' => out.push_str("%2B"),
            ' ' => out.push('+'),
            c => out.push(c),
        }
    }
}

/// Decodes base64 in the standard or the URL-safe alphabet; a space stands for the `+` that it was before a form
/// decoder met it.
fn decode(code: &str) -> Result<String, &'static str> {
    let standard: String = code
        .chars()
        .map(|c| match c {
            ' ' | '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    let bytes = LENIENT.decode(standard).map_err(|_| "base64")?;
    String::from_utf8(bytes).map_err(|_| "base64 of UTF-8 text")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(query: &str) -> Vec<(String, Result<String, &'static str>)> {
        split(query, |name| name == "name64")
            .unwrap()
            .into_iter()
            .map(|raw| (raw.name, raw.value.text()))
            .collect()
    }

    #[test]
    fn pairs_are_decoded() {
        let expected = [("a", "b c"), ("d", ""), ("e", ""), ("f", "ä=&")];
        let expected: Vec<_> = expected.map(|(n, v)| (n.to_owned(), Ok(v.to_owned()))).into();
        assert_eq!(texts("a=b+c&d=&e&f=%C3%A4%3D%26"), expected);
    }

    #[test]
    fn bytes_that_are_not_utf8_stay_encoded() {
        for (query, expected) in [
            ("a=%FF", "%FF"),
            ("a=/caf%e9.jpg", "/caf%E9.jpg"),
            ("a=\u{e9}%C3%A9%e9+%2B%41%C3", "\u{e9}\u{e9}%E9 +A%C3"),
            ("a=%C3&b=%A9", "%C3"),
        ] {
            assert_eq!(texts(query)[0].1, Ok(expected.to_owned()), "{query}");
        }
        assert_eq!(texts("a=%zz")[0].1, Ok("%zz".to_owned()));
    }

    #[test]
    fn base64_in_every_dress() {
        for code in ["Pz8_Pj4-", "Pz8/Pj4+", "Pz8%2FPj4%2B", "Pz8/Pj4 "] {
            assert_eq!(texts(&format!("x64={code}"))[0], ("x".into(), Ok("???>>>".into())), "{code}");
        }
        assert_eq!(texts("x64=NjA=")[0].1, Ok("60".into()));
        assert_eq!(texts("x64=NjA")[0].1, Ok("60".into()));
        assert_eq!(texts("x64=%21%21%21")[0].1, Err("base64"));
        assert_eq!(texts("x64=_w")[0].1, Err("base64 of UTF-8 text"));
    }

    #[test]
    fn a_known_name_keeps_its_64() {
        assert_eq!(texts("name64=x")[0], ("name64".into(), Ok("x".into())));
    }

    #[test]
    fn what_is_escaped_is_read_back() {
        for value in ["a b", "100%", "a&b=c", "%26", "x+y", "ä?#|[{\"", "=", ""] {
            let mut query = "name=".to_owned();
            escape(value, &mut query);
            assert_eq!(texts(&query), [("name".to_owned(), Ok(value.to_owned()))], "{value}");
        }
    }

    #[test]
    fn floods_are_refused() {
        assert!(split(&"a".repeat(MAX_QUERY_BYTES + 1), |_| false).is_err());
    }
}
