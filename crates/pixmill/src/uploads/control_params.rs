//! Control parameters: `async`, `cache_processed` and `cache_queries`. They request asynchronous processing, storing
//! the picture, and further pictures of the same original.

use image_api::{
    params::{
        control::{ASYNC, CACHE_QUERIES},
        spec::Invalid,
        value::boolean::boolean,
    },
    query::{self, Pair, RequestQuery},
    table::Scope,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::error::Error;

/// How often an element of `cache_queries` may be percent-encoded besides the encoding of the form or URL that carries it:
/// once with the list as a whole, and once by itself.
const ENCODINGS: usize = 2;

/// Characters that must be percent-encoded in the query of a URL (RFC 3986, 3.4).
const NOT_IN_QUERIES: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The control parameters of a request, and its query without them.
#[derive(Debug, PartialEq, Eq)]
pub struct ControlParams {
    /// Whether the response waits for the picture.
    pub delivery: Delivery,
    /// Whether the processed upload becomes the original of the path.
    pub processed: ProcessedUpload,
    /// Query strings of further pictures to be made and stored.
    pub queries: Vec<String>,
    /// The query without control parameters.
    pub rest: RequestQuery,
}

/// When the picture is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// In the response to this request.
    Immediate,
    /// Later, at a URL of its own.
    Async,
}

/// What is done with a processed upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessedUpload {
    /// It is returned and not stored.
    ReturnOnly,
    /// It is stored as the original of the path.
    Store,
}

/// Reads a query and the fields of a form. Where both set the same parameter, the form takes precedence.
pub fn parse(
    query: &RequestQuery,
    fields: &[(String, String)],
    most_queries: usize,
) -> Result<ControlParams, Error> {
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let sent = query.clone().overlaid(RequestQuery::from_fields(fields));
    let (mut delivery, mut processed, mut queries) =
        (Delivery::Immediate, ProcessedUpload::ReturnOnly, Vec::new());
    for pair in sent.pairs().iter().filter(|pair| pair.is_control()) {
        let text = pair.text()?;
        if pair.is(&CACHE_QUERIES) {
            queries.extend(parse_queries(&text)?);
            continue;
        }
        let is_on =
            boolean(&text).map_err(|expected| Invalid::new(primary_name(pair), &text, expected))?.value;
        match (pair.is(&ASYNC), is_on) {
            (true, true) => delivery = Delivery::Async,
            (true, false) => delivery = Delivery::Immediate,
            (false, true) => processed = ProcessedUpload::Store,
            (false, false) => processed = ProcessedUpload::ReturnOnly,
        }
    }
    if queries.len() > most_queries {
        let expected = format!("at most {most_queries} query strings");
        return Err(Invalid::new(CACHE_QUERIES.name, &queries.len().to_string(), expected).into());
    }
    Ok(ControlParams { delivery, processed, queries, rest: without_control(&sent) })
}

fn primary_name(pair: &Pair) -> &'static str {
    pair.row.map_or("query", |row| row.spec.name)
}

fn without_control(query: &RequestQuery) -> RequestQuery {
    query.filtered(|pair| !pair.is_control())
}

/// The URL, without scheme and host, of a picture. `path` may already have a query that selects the origin.
pub fn location(path: &str, query: &str) -> String {
    let mark = match query {
        "" => "",
        _ if path.contains('?') => "&",
        _ => "?",
    };
    format!("{path}{mark}{query}")
}

/// Splits a query into the parameters that select the original and those of the picture, each as a query string.
pub fn split_source(query: &RequestQuery) -> (String, String) {
    (query.filtered(Pair::is_source).to_query(), query.filtered(|pair| !pair.is_source()).to_query())
}

/// Parses the value of `cache_queries`: a JSON array of query strings, or one query string. It may be percent-encoded as a
/// whole (with a plus for a space, as forms are), element by element, or not at all.
fn parse_queries(text: &str) -> Result<Vec<String>, Error> {
    let spaced = text.replace('+', " ");
    let arrays = decodings(text).chain(decodings(&spaced)).filter(|text| text.trim_start().starts_with('['));
    let mut arrays = arrays.map(|array| serde_json::from_str(&array)).peekable();
    let queries = if arrays.peek().is_none() {
        vec![text.to_owned()]
    } else {
        arrays.find_map(Result::ok).ok_or_else(|| {
            Invalid::new(
                CACHE_QUERIES.name,
                text,
                "a JSON array of query strings, [\"width=200\",\"width=400\"]",
            )
        })?
    };
    queries.iter().map(|query| strip_control_params(&decode_until_known(query)?)).collect()
}

/// Decodes a query string until it contains a known parameter.
fn decode_until_known(query: &str) -> Result<String, Error> {
    let refused = || {
        Invalid::new(
            CACHE_QUERIES.name,
            query,
            "query strings with a known parameter each, such as width=200",
        )
    };
    for query in decodings(query) {
        let query = query.trim().trim_start_matches('?');
        let is_known = |pair: &Pair| {
            let scope = pair.row.map(|row| row.scope);
            matches!(scope, Some(Scope::Picture(_) | Scope::Source(_) | Scope::Preset))
        };
        if RequestQuery::parse(query)?.pairs().iter().any(is_known) {
            return Ok(encode_query(query));
        }
    }
    Err(refused().into())
}

/// Encodes a decoded query string so that it can be part of a URL again.
fn encode_query(query: &str) -> String {
    let mut encoded = String::with_capacity(query.len());
    for (at, c) in query.char_indices() {
        match c {
            '%' if !query::is_escape(&query.as_bytes()[at..]) => encoded.push_str("%25"),
            _ => encoded.extend(utf8_percent_encode(c.encode_utf8(&mut [0; 4]), NOT_IN_QUERIES)),
        }
    }
    encoded
}

/// The text as it is, percent-decoded once, and twice, as far as decoding changes it.
fn decodings(text: &str) -> impl Iterator<Item = String> {
    let decoded = |text: &String| {
        let decoded = query::decoded(text);
        (decoded != *text).then_some(decoded)
    };
    std::iter::successors(Some(text.to_owned()), decoded).take(1 + ENCODINGS)
}

/// The query string without control parameters of its own, which would recurse.
fn strip_control_params(query: &str) -> Result<String, Error> {
    let parsed = RequestQuery::parse(query)?;
    Ok(if parsed.has_control() { without_control(&parsed).to_query() } else { query.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> RequestQuery {
        RequestQuery::parse(query).unwrap()
    }

    #[test]
    fn locations_select_the_same_original() {
        let (original, picture) =
            split_source(&parsed("width=5&origin=http%3A%2F%2Fa.example&hostname64=YQ&blur=2"));
        assert_eq!(original, "origin=http%3A%2F%2Fa.example&hostname64=YQ");
        assert_eq!(picture, "width=5&blur=2");
        let path = location("/a.jpg", "origin=a.example");
        assert_eq!(location(&path, "width=5"), "/a.jpg?origin=a.example&width=5");
        assert_eq!(location(&path, ""), path);
        assert_eq!(split_source(&parsed("width=5")), (String::new(), "width=5".to_owned()));
    }

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[track_caller]
    fn rest(query: &str, form: &[(&str, &str)], expected: &str) {
        assert_eq!(parse(&parsed(query), &fields(form), 9).unwrap().rest.to_query(), expected);
    }

    #[test]
    fn the_form_takes_precedence() {
        rest("width=1&blur=2", &[("width", "3")], "blur=2&width=3");
        rest("w=1", &[("width", "3")], "width=3");
        rest("w64=MQ", &[("width", "3")], "width=3");
        rest("width=1", &[("w64", "Mw")], "w64=Mw");
        rest("utm=1", &[("mark", "/a b.png?x=1&y")], "utm=1&mark=%2Fa%20b.png%3Fx%3D1%26y");
        rest("source_url=a%2Fb+c%20d&mark=b+c&async=1", &[], "source_url=a%2Fb%2Bc%20d&mark=b%20c");
    }

    #[test]
    fn control_parameters_are_removed() {
        let control = parse(&parsed("width=1&async=true"), &fields(&[("cache_processed", "1")]), 9).unwrap();
        let expected = ControlParams {
            delivery: Delivery::Async,
            processed: ProcessedUpload::Store,
            queries: Vec::new(),
            rest: parsed("width=1"),
        };
        assert_eq!(control, expected);
        let control = parse(&parsed("async=true&cache_processed=1"), &fields(&[("async", "0")]), 9).unwrap();
        assert_eq!((control.delivery, control.processed), (Delivery::Immediate, ProcessedUpload::Store));
        assert_eq!(parse(&parsed("async64=MQ"), &[], 9).unwrap().delivery, Delivery::Async);
    }

    #[test]
    fn queries_are_listed_or_repeated() {
        for query in [
            "cache_queries=%5B%22width%3D2%22%2C%22%3Fheight%3D3%26blur%3D1%22%5D",
            "cache_queries=width%3D2&cache_queries=height%3D3%26blur%3D1",
            "cache_queries[]=width%3D2&cache_queries[]=height%3D3%26blur%3D1",
            "cache_queries64=WyJ3aWR0aD0yIiwiaGVpZ2h0PTMmYmx1cj0xIl0",
            "cache_queries[0]=width%3D2&cache_queries[1]=height%3D3%26blur%3D1",
            // the array percent-encoded as a whole, in a field that is itself encoded
            "cache_queries=%255B%2522width%253D2%2522%252C%2522height%253D3%2526blur%253D1%2522%255D",
            // its elements percent-encoded
            "cache_queries=%5B%22width%253D2%22%2C%22height%253D3%2526blur%253D1%22%5D",
            // both
            "cache_queries=%255B%2522width%25253D2%2522%252C%2522height%25253D3%252526blur%25253D1%2522%255D",
            "cache_queries=width%253D2&cache_queries=%253Fheight%253D3%2526blur%253D1",
            "cache_queries=width%3D2&cache_queries=height%3D3%26async%3D1%26blur%3D1",
        ] {
            assert_eq!(
                parse(&parsed(query), &[], 9).unwrap().queries,
                ["width=2", "height=3&blur=1"],
                "{query}"
            );
        }
    }

    #[test]
    fn lists_encoded_as_a_form() {
        // quote_plus(json.dumps([...])) of Python, in a form
        let form = fields(&[("cache_queries", "%5B%22width%3D2%22%2C+%22height%3D3%26blur%3D1%22%5D")]);
        assert_eq!(parse(&parsed(""), &form, 9).unwrap().queries, ["width=2", "height=3&blur=1"]);
        let query =
            "cache_queries=%255B%2522width%253D2%2522%252C%2B%2522height%253D3%2526blur%253D1%2522%255D";
        assert_eq!(parse(&parsed(query), &[], 9).unwrap().queries, ["width=2", "height=3&blur=1"]);
    }

    #[test]
    fn queries_are_valid_in_urls() {
        for (listed, expected) in [
            (
                "[\"width=2&mark=/a.png&mark_pos=bottom right\"]",
                "width=2&mark=/a.png&mark_pos=bottom%20right",
            ),
            (
                "[\"width%3D2%26layers%3D%5B%7B%22text%22%3A%22a%20b%22%7D%5D\"]",
                "width=2&layers=%5B%7B%22text%22:%22a%20b%22%7D%5D",
            ),
            ("[\"width=2&x=\\r\\nX: y\"]", "width=2&x=%0D%0AX:%20y"),
            ("width=2&x=100%&y=%41%zz", "width=2&x=100%25&y=%41%25zz"),
            ("width=2&x=\u{e9}#", "width=2&x=%C3%A9%23"),
        ] {
            assert_eq!(
                parse(&parsed(""), &fields(&[("cache_queries", listed)]), 9).unwrap().queries,
                [expected]
            );
        }
        let latin = "cache_queries=width%3D200%26mark%3D%2Fcaf%E9.png";
        assert_eq!(parse(&parsed(latin), &[], 9).unwrap().queries, ["width=200&mark=/caf%E9.png"]);
    }

    #[test]
    fn invalid_values_are_refused() {
        for query in [
            "async=perhaps",
            "cache_processed=2",
            "cache_queries=%5B1%5D",
            "cache_queries=%5B%22a%22",
            "cache_queries64=%21",
            "cache_queries=width%3D1&cache_queries=width%3D2&cache_queries=width%3D3",
            "cache_queries=a",
            "cache_queries=",
            "cache_queries=%5B%22width%3D1%22%2C%22%22%5D",
            "cache_queries=%5B%22width%3D1%22%2C%22colour%3D1%22%5D",
            "cache_queries=async%3D1",
        ] {
            assert!(matches!(parse(&parsed(query), &[], 2), Err(Error::Image(_))), "{query}");
        }
    }

    #[test]
    fn nested_cache_queries_do_not_recurse() {
        let nested = "cache_queries=".repeat(4000) + "width=1";
        assert!(parse(&parsed(&nested), &[], 9).is_err());
        let nested = "cache_queries=".to_owned() + &"cache_queries%3D".repeat(4000) + "1%26width%3D1";
        assert_eq!(parse(&parsed(&nested), &[], 9).unwrap().queries, ["width=1"]);
    }
}
