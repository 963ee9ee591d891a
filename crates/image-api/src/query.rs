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

/// Longest query string that is parsed, in bytes: enough for layers as JSON.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// Base64 as clients send it: padded or not, trailing bits ignored.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Characters that are percent-encoded in query strings: all but the unreserved ones of RFC 3986, 2.3.
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
    /// The parameter with this name, if there is one.
    pub row: Option<&'static Row>,
    /// Whether the value is in base64.
    pub base64: bool,
    /// Only for `source_url`: what follows the first `?` of its value, as sent, if that was not percent-encoded.
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
    /// A query string of more than [`MAX_QUERY_BYTES`]. Unknown names and invalid values are not checked here.
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

    /// Whether it has no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The pairs that satisfy `wanted`.
    pub fn filtered(&self, wanted: impl Fn(&Pair) -> bool) -> Self {
        Self { pairs: self.pairs.iter().filter(|pair| wanted(pair)).cloned().collect() }
    }

    /// Sorted by name; pairs with the same name keep their order, since the last one counts.
    pub fn sorted(mut self) -> Self {
        self.pairs.sort_by(|one, other| one.name.cmp(&other.name));
        self
    }

    /// Appends the pairs of `upper`. Parameters that `upper` has are removed here.
    pub fn overlaid(mut self, upper: Self) -> Self {
        self.pairs
            .retain(|pair| !upper.pairs.iter().any(|other| other.primary_name() == pair.primary_name()));
        self.pairs.extend(upper.pairs);
        self
    }

    /// Whether a parameter is present.
    pub fn has(&self, spec: &Spec) -> bool {
        self.pairs.iter().any(|pair| pair.is(spec))
    }

    /// Removes a parameter by its plain name or an alias, and returns its last value.
    pub fn take(&mut self, spec: &Spec) -> Option<String> {
        self.pairs.extract_if(.., |pair| pair.is(spec) && !pair.base64).last().map(|pair| pair.value)
    }

    /// Whether it has control parameters.
    pub fn has_control(&self) -> bool {
        self.pairs.iter().any(Pair::is_control)
    }

    /// The parameters that select the original, as sent and unchecked.
    ///
    /// # Errors
    ///
    /// An invalid base64 value.
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

    /// Whether `source_url` has an unencoded query that begins with a parameter of images. The query belongs to the
    /// original, which may not be the client's intention.
    pub fn is_ambiguous(&self) -> bool {
        let mut own = self.pairs.iter().filter_map(|pair| pair.unencoded_query.as_deref());
        own.any(|own| matches!(Pair::parse(own).row, Some(Row { scope: Scope::Picture(_), .. })))
    }

    /// Treats the unencoded query of `source_url` as parameters of the request.
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

    /// The percent-encoded query string, which parses as the same pairs.
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
        // base64 contains no `?`
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

    /// Whether it selects the original.
    pub fn is_source(&self) -> bool {
        matches!(self.row, Some(Row { scope: Scope::Source(_), .. }))
    }

    /// Whether it is a control parameter.
    pub fn is_control(&self) -> bool {
        matches!(self.row, Some(Row { scope: Scope::Control, .. }))
    }

    /// The name of its parameter; its own name if it is unknown.
    pub fn primary_name(&self) -> &str {
        self.row.map_or(&self.name, |row| row.spec.name)
    }

    /// The decoded value.
    ///
    /// # Errors
    ///
    /// A base64 value that is invalid, or not UTF-8.
    pub fn text(&self) -> Result<Cow<'_, str>, Invalid> {
        if !self.base64 {
            return Ok(Cow::Borrowed(&self.value));
        }
        let parameter = self.row.map_or("query", |row| row.spec.name);
        // the location of the original may be secret, so it is not quoted
        let shown = if self.is_source() || self.is_control() { "" } else { &self.value };
        decode_base64(&self.value)
            .map(Cow::Owned)
            .map_err(|expected| Invalid::new(parameter, shown, expected))
    }

    /// Stores itself in `slot` unless the present value takes precedence: base64 over plain, later over earlier.
    pub(crate) fn replace<'a>(&'a self, slot: &mut Option<&'a Self>) {
        if slot.is_none_or(|earlier| self.base64 || !earlier.base64) {
            *slot = Some(self);
        }
    }
}

/// The meaning of `+` in a query string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plus {
    /// A space, as in forms.
    Space,
    /// A plus sign, as in URLs.
    Literal,
}

fn decode_value(text: &str, plus: Plus) -> String {
    match plus {
        Plus::Space if text.contains('+') => decoded(&text.replace('+', " ")),
        Plus::Space | Plus::Literal => decoded(text),
    }
}

/// Whether these bytes begin with a percent-encoded byte.
pub fn is_escape(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Percent-decodes text; bytes that are not UTF-8 stay encoded, so that a path or URL in a value still refers to the
/// same bytes.
pub fn decoded(text: &str) -> String {
    let bytes: Cow<'_, [u8]> = percent_decode_str(text).into();
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|byte| percent_encode_byte(*byte)));
    }
    decoded
}

/// Decodes base64 in the standard or the URL-safe alphabet; a space counts as `+`, since form decoding converts one to
/// the other.
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
    fn a_plus_is_literal_in_source_parameters() {
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
    fn written_queries_round_trip() {
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
    fn long_queries_are_refused() {
        assert!(RequestQuery::parse(&"a".repeat(MAX_QUERY_BYTES + 1)).is_err());
    }
}
