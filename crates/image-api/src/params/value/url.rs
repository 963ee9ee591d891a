//! URLs of other images: a path on the origin of the image, or an absolute URL.

use crate::params::spec::{Expected, Reading};

/// Longest URL that is parsed, in bytes: it may contain a path with parameters of its own.
const MAX_BYTES: usize = 8 * 1024;

/// The location of another image.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Url {
    /// From the same origin as the image.
    Relative {
        /// Its path, with a leading slash, percent-encoded as sent.
        path: String,
        /// Parameters of its own; empty if there are none.
        query: String,
    },
    /// An absolute URL.
    Absolute(String),
}

const EXPECTED: &str = "a path such as /logo.png, or an http or https URL";

/// Parses a URL.
pub fn url(raw: &str) -> Result<Reading<Url>, Expected> {
    let text = raw.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(EXPECTED.into());
    }
    if text.len() > MAX_BYTES {
        return Err(format!("{EXPECTED}, at most {MAX_BYTES} bytes"));
    }
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    if let Some((scheme, _)) = place.split_once("://") {
        let known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        return if known { Ok(Reading::exact(Url::Absolute(text.to_owned()))) } else { Err(EXPECTED.into()) };
    }
    if text.starts_with("//") {
        return Ok(Reading::exact(Url::Absolute(text.to_owned())));
    }
    // a scheme without slashes, such as `data:`
    let first = place.split('/').next().unwrap_or_default();
    if first.contains(':') {
        return Err(EXPECTED.into());
    }
    let slash = if place.starts_with('/') { "" } else { "/" };
    // without a query the text ends with the path, so trailing white space is trimmed
    let place = if query.is_empty() { place.trim_end() } else { place };
    Ok(Reading::exact(Url::Relative { path: format!("{slash}{place}"), query: query.to_owned() }))
}

/// Writes a URL.
pub fn canonical(url: &Url, out: &mut String) {
    match url {
        Url::Relative { path, query } => {
            out.push_str(path);
            if !query.is_empty() {
                out.push('?');
                out.push_str(query);
            }
        }
        Url::Absolute(text) => out.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(path: &str, query: &str) -> Url {
        Url::Relative { path: path.to_owned(), query: query.to_owned() }
    }

    #[test]
    fn every_sort() {
        for (raw, expected) in [
            ("/logo.png", relative("/logo.png", "")),
            (" logo.png ", relative("/logo.png", "")),
            ("/a b/ä.png", relative("/a b/ä.png", "")),
            ("/logo.png?width=50&rotate=10", relative("/logo.png", "width=50&rotate=10")),
            ("/logo.png?", relative("/logo.png", "")),
            ("/logo.png  ?", relative("/logo.png", "")),
            ("/logo.png  ?a", relative("/logo.png  ", "a")),
            ("/a:b.png", relative("/a:b.png", "")),
            ("/logo.png?mark=http://a.example/x.png", relative("/logo.png", "mark=http://a.example/x.png")),
            ("http://a.example/x.png", Url::Absolute("http://a.example/x.png".into())),
            ("HTTPS://a.example/x.png?y", Url::Absolute("HTTPS://a.example/x.png?y".into())),
            ("//a.example/x.png", Url::Absolute("//a.example/x.png".into())),
        ] {
            assert_eq!(url(raw), Ok(Reading::exact(expected.clone())), "{raw}");
            let mut written = String::new();
            canonical(&expected, &mut written);
            assert_eq!(url(&written).unwrap().value, expected, "{raw}");
        }
        for raw in
            ["", " ", "ftp://a.example/x", "data:image/png;base64,AAAA", "javascript:x", "/a\nb", "/a\0"]
        {
            assert!(url(raw).is_err(), "{raw:?}");
        }
        assert!(url(&"a".repeat(MAX_BYTES + 1)).is_err());
    }
}
