//! The parameters that say where the original is: read beside the table, since they change no picture.
//!
//! They are no part of the canonical form of a request; which original they lead to is part of its name instead.

use std::borrow::Cow;

use super::spec::{Grammar, Invalid, Spec};
use crate::query;

/// What a request says about where its original is, as sent. Nothing of it was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// `origin`
    pub origin: Option<String>,
    /// `source_url`
    pub source_url: Option<String>,
    /// `host_header`
    pub host_header: Option<String>,
    /// `resolve`
    pub resolve: Option<String>,
    /// `bucket`
    pub bucket: Option<String>,
    /// `region`
    pub region: Option<String>,
}

/// What these parameters state about themselves.
pub static SPECS: [Spec; 6] = [
    Spec {
        name: "origin",
        aliases: &["hostname"],
        summary: "Takes the original from another base URL or host.",
        help: "The path of the request lies below it: `/photo.jpg?origin=http://images.example.com` is \
               `http://images.example.com/photo.jpg`. Without a scheme it is http. Relative overlays come from there too. \
               Only with `origin.allow_dynamic`, and for hosts in `origin.hosts_allowed`; the configured origin's \
               credentials are not sent.",
        grammar: Grammar::Text("http or https URL without a query, or host"),
        default: "the configured origin",
        needs: &[],
        examples: &[],
    },
    Spec {
        name: "source_url",
        aliases: &[],
        summary: "Takes the original from a whole URL; the path of the request is `/`.",
        help: "A query in the URL belongs to the original: `/?source_url=http://example.com/a.jpg?v=2&width=100` asks the \
               host for `/a.jpg?v=2`; an `&` in it must be sent as `%26`, and it is best to percent-encode the whole. Where such \
               a query begins with a parameter of pictures, the header `X-Pixmill-Warning` names `source_url`; with \
               `params.source_url_query = \"request\"` it is the request's own. A percent-encoded URL as the path means the \
               same. The rules of `origin` hold.",
        grammar: Grammar::Text("http or https URL"),
        default: "the configured origin, and the path of the request",
        needs: &[],
        examples: &[],
    },
    Spec {
        name: "host_header",
        aliases: &[],
        summary: "Sends another `Host` header to the origin.",
        help: "For a host that serves many sites. Only with `origin.allow_dynamic`, and for hosts in \
               `origin.hosts_allowed`; the configured origin's credentials are not sent.",
        grammar: Grammar::Text("host, with or without a port"),
        default: "the host of the origin's URL",
        needs: &[],
        examples: &[],
    },
    Spec {
        name: "resolve",
        aliases: &[],
        summary: "Connects to this address in place of what the name of the host stands for.",
        help: "`images.example.com:443:203.0.113.7`. It means nothing where host and port are not those of `origin`. Private \
               addresses are refused; over plain http, where no certificate proves the host, the address must be in \
               `origin.hosts_allowed` too.",
        grammar: Grammar::Text("host:port:address"),
        default: "the addresses of the host's name",
        needs: &["origin"],
        examples: &[],
    },
    Spec {
        name: "bucket",
        aliases: &[],
        summary: "Takes the original from another bucket.",
        help: "Only with `origin.allow_dynamic`, and for buckets in `origin.buckets_allowed`.",
        grammar: Grammar::Text("name of a bucket"),
        default: "the configured origin",
        needs: &[],
        examples: &[],
    },
    Spec {
        name: "region",
        aliases: &[],
        summary: "Says where the bucket is.",
        help: "",
        grammar: Grammar::Text("name of a region"),
        default: "looked up",
        needs: &["bucket"],
        examples: &[],
    },
];

/// The one of these parameters that has this name or alias.
pub fn lookup(name: &str) -> Option<&'static Spec> {
    SPECS.iter().find(|spec| spec.answers_to(name))
}

/// Reads these parameters, and leaves out all others. A `+` stays what it is, as in the URLs that are their values.
pub fn read(query: &str) -> Result<Source, Invalid> {
    // nearly no request has any, and every request comes by here
    if !query.split('&').any(may_be_one) {
        return Ok(Source::default());
    }
    let mut values = [const { None }; SPECS.len()];
    for raw in query::split(&query.replace('+', "%2B"), |name| super::lookup(name).is_some())? {
        let Some(index) = SPECS.iter().position(|spec| spec.answers_to(&raw.name)) else { continue };
        if values[index].as_ref().is_none_or(|earlier| raw.value.replaces(earlier)) {
            values[index] = Some(raw.value);
        }
    }
    let [origin, source_url, host_header, resolve, bucket, region] = values;
    let text = |index: usize, value: Option<query::Value>| {
        let invalid = |expected| Invalid::new(SPECS[index].name, "", expected);
        value.map(query::Value::text).transpose().map_err(invalid)
    };
    Ok(Source {
        origin: text(0, origin)?,
        source_url: text(1, source_url)?,
        host_header: text(2, host_header)?,
        resolve: text(3, resolve)?,
        bucket: text(4, bucket)?,
        region: text(5, region)?,
    })
}

/// Where in a query string the query begins that follows an unencoded `source_url`: the place of its `?`.
fn unencoded_query(query: &str) -> Option<usize> {
    let mut at = 0;
    for pair in query.split('&') {
        if pair.starts_with("source_url=")
            && let Some(mark) = pair.find('?')
        {
            return Some(at + mark);
        }
        at += pair.len() + 1;
    }
    None
}

/// Whether the query that follows an unencoded `source_url` begins with a parameter of pictures. It belongs to the original,
/// which may not be what was meant.
pub fn is_ambiguous(query: &str) -> bool {
    let first = unencoded_query(query).and_then(|mark| query[mark + 1..].split(['=', '&']).next());
    first.is_some_and(|name| super::lookup(name.strip_suffix("64").unwrap_or(name)).is_some())
}

/// The query string with what follows an unencoded `source_url` as parameters of the request.
pub fn with_own_query(query: &str) -> Cow<'_, str> {
    match unencoded_query(query) {
        Some(mark) => Cow::Owned(format!("{}&{}", &query[..mark], &query[mark + 1..])),
        None => Cow::Borrowed(query),
    }
}

/// The query string with each `+` in the values of these parameters as `%2B`: whoever reads it as a form reads what
/// [`read`] reads.
pub fn spelled_out(query: &str) -> Cow<'_, str> {
    if !query.contains('+') || !query.split('&').any(may_be_one) {
        return Cow::Borrowed(query);
    }
    let pair = |pair: &str| if is_one(pair) { pair.replace('+', "%2B") } else { pair.to_owned() };
    Cow::Owned(query.split('&').map(pair).collect::<Vec<_>>().join("&"))
}

fn is_one(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    let read = query::split(name, |name| super::lookup(name).is_some());
    read.is_ok_and(|read| read.iter().any(|raw| lookup(&raw.name).is_some()))
}

/// Whether a pair of the query may be one of these parameters.
fn may_be_one(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    name.contains('%') || lookup(name.strip_suffix("64").unwrap_or(name)).is_some()
}

impl Source {
    /// The one spelling of what is said, for signatures: names in the order of [`SPECS`].
    pub fn canonical(&self) -> String {
        let Self { origin, source_url, host_header, resolve, bucket, region } = self;
        let mut out = String::new();
        for (spec, value) in SPECS.iter().zip([origin, source_url, host_header, resolve, bucket, region]) {
            let Some(value) = value else { continue };
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(spec.name);
            out.push('=');
            query::escape(value, &mut out);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_behind_an_unencoded_url_may_be_the_requests() {
        for (query, ambiguous, own) in [
            ("source_url=http://a/x.jpg?width=100", true, "source_url=http://a/x.jpg&width=100"),
            (
                "blur=1&source_url=http://a/x.jpg?w=1&pad=2",
                true,
                "blur=1&source_url=http://a/x.jpg&w=1&pad=2",
            ),
            ("source_url=http://a/x.jpg?width64=MQ", true, "source_url=http://a/x.jpg&width64=MQ"),
            ("source_url=http://a/x.jpg?v=2&width=1", false, "source_url=http://a/x.jpg&v=2&width=1"),
            ("source_url=http://a/x.jpg%3Fwidth=100", false, "source_url=http://a/x.jpg%3Fwidth=100"),
            ("source_url=http://a/x.jpg&width=5", false, "source_url=http://a/x.jpg&width=5"),
            ("mark=/a.png?width=5", false, "mark=/a.png?width=5"),
            ("source_url64=aHR0cDovL2EvP3dpZHRoPTE", false, "source_url64=aHR0cDovL2EvP3dpZHRoPTE"),
            ("", false, ""),
        ] {
            assert_eq!((is_ambiguous(query), with_own_query(query).as_ref()), (ambiguous, own), "{query}");
        }
    }

    #[test]
    fn is_written_in_one_spelling_and_read_back() {
        for (query, expected) in [
            ("", ""),
            ("width=300&originality=1&resolved", ""),
            ("hostname=a.example", "origin=a.example"),
            ("origin=a&hostname=b", "origin=b"),
            ("origin64=YQ&origin=b", "origin=a"),
            ("%6frigin=a", "origin=a"),
            ("hostname", "origin="),
            (
                "source_url=http://a.example/x.jpg?width=100&width=5",
                "source_url=http://a.example/x.jpg?width=100",
            ),
            ("source_url=http%3A%2F%2Fa.example%2Fx%2520y%26z", "source_url=http://a.example/x%2520y%26z"),
            ("source_url=http://a.example/a+b%20c", "source_url=http://a.example/a%2Bb+c"),
            ("source_url64=aHR0cDovL2EvP2E+Yg", "source_url=http://a/?a>b"),
            (
                "region=r&bucket=b&resolve=a:1:1.2.3.4&host_header=h",
                "host_header=h&resolve=a:1:1.2.3.4&bucket=b&region=r",
            ),
        ] {
            let source = read(query).unwrap();
            assert_eq!(source.canonical(), expected, "{query}");
            let escaped = expected.replace('+', "%20");
            assert_eq!(read(&escaped).unwrap(), source, "{query}");
        }
        for (query, expected) in [
            ("origin=a&mark=b+c", "origin=a&mark=b+c"),
            ("mark=b+c&source_url=a/b+c%20d+", "mark=b+c&source_url=a/b%2Bc%20d%2B"),
            ("%74ext=b+c&hostname=+&%6frigin=a+b", "%74ext=b+c&hostname=%2B&%6frigin=a%2Bb"),
        ] {
            assert_eq!(spelled_out(query), expected);
            assert_eq!(read(&spelled_out(query)), read(query), "{query}");
        }
        assert_eq!(read("source_url64=!").unwrap_err().parameter, "source_url");
        assert!(read(&format!("origin={}", "a".repeat(query::MAX_QUERY_BYTES))).is_err());
    }
}
