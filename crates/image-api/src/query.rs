//! The query string of a request, parsed once: size cap, percent-decoding, the `64` suffix, and which parameter of the
//! [`table`] each name means.

use std::borrow::Cow;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode_byte, utf8_percent_encode,
};

use crate::{
    params::{
        source::{self, Source},
        spec::{Invalid, Spec},
    },
    table::{self, Row, Scope},
};

/// Longest query string that is parsed, in bytes. Layers as JSON fit; a flood does not.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// Base64 as clients send it: padded or not, trailing bits ignored.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What is percent-encoded when pairs become a query string: all but the unreserved characters of RFC 3986, 2.3.
pub const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A query string, parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestQuery {
    pairs: Vec<Pair>,
}

/// One `name=value` of a query string.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Its name as sent, decoded.
    pub name: String,
    /// Its value as sent, percent-decoded; base64 is not decoded yet.
    pub value: String,
    /// The parameter that the name means, if it means one.
    pub row: Option<&'static Row>,
    /// Whether the value is in base64.
    pub base64: bool,
    /// `source_url` alone: what follows the first `?` in its value, as sent, if that was not percent-encoded.
    unencoded_query: Option<String>,
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.value) == (&other.name, &other.value)
    }
}

impl Eq for Pair {}

impl RequestQuery {
    /// Parses a query string.
    ///
    /// # Errors
    ///
    /// A query string of more than [`MAX_QUERY_BYTES`]. Unknown names and invalid values are the business of who reads them.
    pub fn parse(query: &str) -> Result<Self, Invalid> {
        if query.len() > MAX_QUERY_BYTES {
            let expected = format!("at most {MAX_QUERY_BYTES} bytes");
            return Err(Invalid::new("query", query, expected));
        }
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(Pair::parse).collect();
        Ok(Self { pairs })
    }

    /// A query of decoded names and values: the fields of a form.
    pub fn from_fields<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let pair = |(name, value): (&str, &str)| Pair::new(name.to_owned(), value.to_owned());
        Self { pairs: fields.into_iter().map(pair).collect() }
    }

    /// All pairs, in their order.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The pairs of which `wanted` is true.
    pub fn filtered(&self, wanted: impl Fn(&Pair) -> bool) -> Self {
        Self { pairs: self.pairs.iter().filter(|pair| wanted(pair)).cloned().collect() }
    }

    /// Sorted by name; the values of one name stay in their order, since the last of them counts.
    pub fn sorted(mut self) -> Self {
        self.pairs.sort_by(|one, other| one.name.cmp(&other.name));
        self
    }

    /// With the pairs of `upper` after these. A parameter that `upper` has is taken out here.
    pub fn overlaid(mut self, upper: Self) -> Self {
        self.pairs
            .retain(|pair| !upper.pairs.iter().any(|other| other.primary_name() == pair.primary_name()));
        self.pairs.extend(upper.pairs);
        self
    }

    /// Whether a parameter is there.
    pub fn has(&self, spec: &Spec) -> bool {
        self.pairs.iter().any(|pair| pair.is(spec))
    }

    /// Takes a parameter out by its plain name or an alias, and gives the last value of it.
    pub fn take(&mut self, spec: &Spec) -> Option<String> {
        self.pairs.extract_if(.., |pair| pair.is(spec) && !pair.base64).last().map(|pair| pair.value)
    }

    /// Whether it has control parameters.
    pub fn has_control(&self) -> bool {
        self.pairs.iter().any(Pair::is_control)
    }

    /// What it says about where the original is, as sent. Nothing of it was checked.
    ///
    /// # Errors
    ///
    /// A value that is no base64 where base64 is announced.
    pub fn source(&self) -> Result<Source, Invalid> {
        let mut sent: [Option<&Pair>; source::SPECS.len()] = [None; source::SPECS.len()];
        for pair in &self.pairs {
            if let Some(Row { scope: Scope::Source(index), .. }) = pair.row {
                pair.replace(&mut sent[*index]);
            }
        }
        let mut texts = [const { None }; source::SPECS.len()];
        for (text, pair) in texts.iter_mut().zip(sent) {
            *text = pair.map(Pair::text).transpose()?.map(Cow::into_owned);
        }
        Ok(Source::from_texts(texts))
    }

    /// Whether an unencoded query follows `source_url` that begins with a parameter of pictures. It belongs to the original,
    /// which may not be what was meant.
    pub fn is_ambiguous(&self) -> bool {
        let mut own = self.pairs.iter().filter_map(|pair| pair.unencoded_query.as_deref());
        own.any(|own| matches!(Pair::parse(own).row, Some(Row { scope: Scope::Picture(_), .. })))
    }

    /// With what follows an unencoded `source_url` as a parameter of the request.
    pub fn with_own_query(self) -> Self {
        let mut pairs = Vec::with_capacity(self.pairs.len() + 1);
        for mut pair in self.pairs {
            let own = pair.unencoded_query.take();
            if let Some(own) = &own {
                let decoded = decode_value(own, Plus::Literal);
                pair.value.truncate(pair.value.len() - decoded.len() - 1);
            }
            pairs.push(pair);
            pairs.extend(own.as_deref().map(Pair::parse));
        }
        Self { pairs }
    }

    /// As a query string again, percent-encoded, which parses as the same pairs.
    pub fn to_query(&self) -> String {
        let mut query = String::new();
        for Pair { name, value, .. } in &self.pairs {
            if !query.is_empty() {
                query.push('&');
            }
            query.extend(utf8_percent_encode(name, ESCAPED));
            query.push('=');
            query.extend(utf8_percent_encode(value, ESCAPED));
        }
        query
    }
}

impl Pair {
    fn parse(pair: &str) -> Self {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let mut parsed = Self::new(decode_value(name, Plus::Space), String::new());
        parsed.value = decode_value(value, if parsed.is_source() { Plus::Literal } else { Plus::Space });
        // base64 has no `?`
        if parsed.is(&source::SPECS[source::SOURCE_URL]) && !parsed.base64 {
            parsed.unencoded_query = value.split_once('?').map(|(_, own)| own.to_owned());
        }
        parsed
    }

    fn new(name: String, value: String) -> Self {
        let (row, base64) =
            table::find_sent(&name).map_or((None, false), |(row, base64)| (Some(row), base64));
        Self { name, value, row, base64, unencoded_query: None }
    }

    /// Whether it is the parameter of this specification.
    pub fn is(&self, spec: &Spec) -> bool {
        self.row.is_some_and(|row| row.is(spec))
    }

    /// Whether it says where the original comes from.
    pub fn is_source(&self) -> bool {
        matches!(self.row, Some(Row { scope: Scope::Source(_), .. }))
    }

    /// Whether it is a control parameter.
    pub fn is_control(&self) -> bool {
        matches!(self.row, Some(Row { scope: Scope::Control, .. }))
    }

    /// The name of its parameter; its own if it means none.
    pub fn primary_name(&self) -> &str {
        self.row.map_or(&self.name, |row| row.spec.name)
    }

    /// The text that was meant.
    ///
    /// # Errors
    ///
    /// A value that is no base64 of UTF-8 text where base64 is announced.
    pub fn text(&self) -> Result<Cow<'_, str>, Invalid> {
        if !self.base64 {
            return Ok(Cow::Borrowed(&self.value));
        }
        let parameter = self.row.map_or("query", |row| row.spec.name);
        // where the original is may be a secret, so it is not repeated
        let shown = if self.is_source() || self.is_control() { "" } else { &self.value };
        decode_base64(&self.value)
            .map(Cow::Owned)
            .map_err(|expected| Invalid::new(parameter, shown, expected))
    }

    /// Puts itself into `slot` unless what is there goes before it: base64 before plain, later before earlier.
    pub(crate) fn replace<'a>(&'a self, slot: &mut Option<&'a Self>) {
        if slot.is_none_or(|earlier| self.base64 || !earlier.base64) {
            *slot = Some(self);
        }
    }
}

/// What a `+` in a query string stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plus {
    /// A space, as in forms.
    Space,
    /// Itself, as in URLs.
    Literal,
}

fn decode_value(text: &str, plus: Plus) -> String {
    match plus {
        Plus::Space if text.contains('+') => decoded(&text.replace('+', " ")),
        Plus::Space | Plus::Literal => decoded(text),
    }
}

/// Whether these bytes begin with a percent-encoded one.
pub fn is_escape(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Percent-decoded text; bytes that are not UTF-8 stay encoded, so that a path or a URL in a value still names the bytes
/// that were meant.
pub fn decoded(text: &str) -> String {
    let bytes: Cow<'_, [u8]> = percent_decode_str(text).into();
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|byte| percent_encode_byte(*byte)));
    }
    decoded
}

/// Decodes base64 in the standard or the URL-safe alphabet; a space stands for the `+` that it was before a form
/// decoder met it.
fn decode_base64(code: &str) -> Result<String, &'static str> {
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
    use crate::escape::escape;

    fn texts(query: &str) -> Vec<(String, Result<String, String>)> {
        let query = RequestQuery::parse(query).unwrap();
        let text = |pair: &Pair| pair.text().map(Cow::into_owned).map_err(|invalid| invalid.expected);
        query.pairs().iter().map(|pair| (pair.primary_name().to_owned(), text(pair))).collect()
    }

    #[test]
    fn pairs_are_decoded() {
        let expected = [("a", "b c"), ("d", ""), ("e", ""), ("f", "ä=&")];
        let expected: Vec<_> = expected.map(|(n, v)| (n.to_owned(), Ok(v.to_owned()))).into();
        assert_eq!(texts("a=b+c&d=&e&f=%C3%A4%3D%26"), expected);
        assert_eq!(texts("&&"), []);
    }

    #[test]
    fn a_plus_is_a_plus_where_the_original_is_named() {
        assert_eq!(texts("source_url=a+b")[0].1, Ok("a+b".to_owned()));
        assert_eq!(texts("hostname=a+b")[0].1, Ok("a+b".to_owned()));
        assert_eq!(texts("mark=a+b")[0].1, Ok("a b".to_owned()));
    }

    #[test]
    fn bytes_that_are_not_utf8_stay_encoded() {
        for (query, expected) in [
            ("a=%FF", "%FF"),
            ("a=/caf%e9.jpg", "/caf%E9.jpg"),
            ("a=\u{e9}%C3%A9%e9+%2B%41%C3", "\u{e9}\u{e9}%E9 +A%C3"),
            ("a=%C3&b=%A9", "%C3"),
            ("a=%zz", "%zz"),
        ] {
            assert_eq!(texts(query)[0].1, Ok(expected.to_owned()), "{query}");
        }
    }

    #[test]
    fn base64_in_every_dress() {
        for code in ["Pz8_Pj4-", "Pz8/Pj4+", "Pz8%2FPj4%2B", "Pz8/Pj4 "] {
            assert_eq!(texts(&format!("mark64={code}"))[0], ("mark".into(), Ok("???>>>".into())), "{code}");
        }
        assert_eq!(texts("width64=NjA=")[0].1, Ok("60".into()));
        assert_eq!(texts("width64=NjA")[0].1, Ok("60".into()));
        assert_eq!(texts("width64=%21%21%21")[0].1, Err("base64".into()));
        assert_eq!(texts("width64=_w")[0].1, Err("base64 of UTF-8 text".into()));
        // no parameter, no base64
        assert_eq!(texts("x64=_w")[0], ("x64".into(), Ok("_w".into())));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in ["a b", "100%", "a&b=c", "%26", "x+y", "ä?#|[{\"", "=", ""] {
            for name in ["mark", "source_url", "unknown"] {
                let mut query = format!("{name}=");
                escape(value, &mut query);
                let escaped = if name == "source_url" { value.replace(' ', "+") } else { value.to_owned() };
                assert_eq!(texts(&query), [(name.to_owned(), Ok(escaped))], "{value}");
                let parsed = RequestQuery::from_fields([(name, value)]);
                assert_eq!(RequestQuery::parse(&parsed.to_query()).unwrap(), parsed, "{value}");
            }
        }
    }

    #[test]
    fn an_unencoded_query_of_a_source_belongs_to_the_original_or_to_the_request() {
        let parsed = |query: &str| RequestQuery::parse(query).unwrap();
        let query = parsed("source_url=http://a/b.jpg?width=10%20&height=3");
        assert!(query.is_ambiguous());
        assert_eq!(query.pairs()[0].value, "http://a/b.jpg?width=10 ");
        assert_eq!(query.with_own_query(), parsed("source_url=http://a/b.jpg&width=10%20&height=3"));
        for query in
            ["source_url=http://a/b.jpg?v=10", "source_url=http://a/b.jpg%3Fwidth=10", "mark=/a?width=3"]
        {
            assert!(!parsed(query).is_ambiguous(), "{query}");
        }
        let encoded = parsed("source_url=http://a/b.jpg%3Fwidth=10");
        assert_eq!(encoded.clone().with_own_query(), encoded);
    }

    #[test]
    fn floods_are_refused() {
        assert!(RequestQuery::parse(&"a".repeat(MAX_QUERY_BYTES + 1)).is_err());
    }
}
