//! Parameters that select the original: parsed separately from the table, since they do not change the image.
//!
//! They are not part of the canonical form of a request; the original that they select is part of the cache key
//! instead.

use super::spec::{Grammar, Spec};
use crate::escape::escape;

/// The raw values of the parameters that select the original, unchecked.
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

/// The specifications of these parameters.
pub static SPECS: [Spec; 6] = [
    Spec {
        name: "origin",
        aliases: &["hostname"],
        summary: "Fetches the original from another base URL or host.",
        help: "The path of the request is appended to it: `/photo.jpg?origin=http://images.example.com` is \
               `http://images.example.com/photo.jpg`. Without a scheme it is http. Relative overlays are fetched from there too. \
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
        summary: "Fetches the original from an absolute URL; the path of the request is `/`.",
        help: "A query in the URL belongs to the original: `/?source_url=http://example.com/a.jpg?v=2&width=100` requests \
               `/a.jpg?v=2` from the host; an `&` in it must be sent as `%26`, and it is best to percent-encode the whole URL. If such \
               a query begins with a parameter of images, the header `X-Pixmill-Warning` names `source_url`; with \
               `params.source_url_query = \"request\"` it belongs to the request. A percent-encoded URL as the path means the \
               same. The rules of `origin` apply.",
        grammar: Grammar::Text("http or https URL"),
        default: "the configured origin, and the path of the request",
        needs: &[],
        examples: &[],
    },
    Spec {
        name: "host_header",
        aliases: &[],
        summary: "Sends another `Host` header to the origin.",
        help: "For a host that serves several sites. Only with `origin.allow_dynamic`, and for hosts in \
               `origin.hosts_allowed`; the configured origin's credentials are not sent.",
        grammar: Grammar::Text("host, with or without a port"),
        default: "the host of the origin's URL",
        needs: &[],
        examples: &[],
    },
    Spec {
        name: "resolve",
        aliases: &[],
        summary: "Connects to this address instead of looking up the host name.",
        help: "`images.example.com:443:203.0.113.7`. It has no effect unless host and port are those of `origin`. Private \
               addresses are refused; over plain http, where no certificate proves the host, the address must be in \
               `origin.hosts_allowed` too.",
        grammar: Grammar::Text("host:port:address"),
        default: "the addresses of the host name",
        needs: &["origin"],
        examples: &[],
    },
    Spec {
        name: "bucket",
        aliases: &[],
        summary: "Fetches the original from another bucket.",
        help: "Only with `origin.allow_dynamic`, and for buckets in `origin.buckets_allowed`.",
        grammar: Grammar::Text("name of a bucket"),
        default: "the configured origin",
        needs: &[],
        examples: &[],
    },
    Spec {
        name: "region",
        aliases: &[],
        summary: "The region of the bucket.",
        help: "",
        grammar: Grammar::Text("name of a region"),
        default: "looked up",
        needs: &["bucket"],
        examples: &[],
    },
];

/// Index of `source_url` in [`SPECS`].
pub const SOURCE_URL: usize = 1;

impl Source {
    /// From one value per parameter, in the order of [`SPECS`].
    pub(crate) fn from_texts(texts: [Option<String>; SPECS.len()]) -> Self {
        let [origin, source_url, host_header, resolve, bucket, region] = texts;
        Self { origin, source_url, host_header, resolve, bucket, region }
    }
}

impl Source {
    /// The canonical form for signatures: names in the order of [`SPECS`].
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
            escape(value, &mut out);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{params::spec::Invalid, query::RequestQuery};

    fn read(query: &str) -> Result<Source, Invalid> {
        RequestQuery::parse(query).unwrap().source()
    }

    #[test]
    fn the_canonical_form_round_trips() {
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
        assert_eq!(read("source_url64=!").unwrap_err().parameter, "source_url");
    }
}
