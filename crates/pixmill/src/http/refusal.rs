//! Requests that name another origin: dynamic origins are off, so nothing of the kind is fetched.

use percent_encoding::percent_decode;
use url::form_urlencoded;

use crate::failure::Failure;

/// Parameters that choose where the original comes from.
const DYNAMIC: [&str; 6] = ["origin", "hostname", "source_url", "bucket", "host_header", "resolve"];

/// Fails if the path or a parameter names another origin.
pub fn check(path: &str, query: &str) -> Result<(), Failure> {
    if is_url(path) {
        return Err(Failure::DynamicOrigin { named: "path" });
    }
    match form_urlencoded::parse(query.as_bytes()).find_map(|(name, _)| dynamic(&name)) {
        Some(named) => Err(Failure::DynamicOrigin { named }),
        None => Ok(()),
    }
}

fn dynamic(name: &str) -> Option<&'static str> {
    let plain = name.strip_suffix("64").unwrap_or(name);
    DYNAMIC.into_iter().find(|dynamic| *dynamic == plain)
}

/// Whether the path is a whole URL, percent-encoded or not.
fn is_url(path: &str) -> bool {
    // a URL's scheme fits in the first bytes, even if each is encoded
    const REACH: usize = 3 * "https://".len();
    let start = path.trim_start_matches('/').as_bytes();
    let start = &start[..start.len().min(REACH)];
    let start = percent_decode(start).collect::<Vec<_>>().to_ascii_lowercase();
    start.starts_with(b"http:/") || start.starts_with(b"https:/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str, query: &str) -> Option<&'static str> {
        match check(path, query) {
            Err(Failure::DynamicOrigin { named }) => Some(named),
            _ => None,
        }
    }

    #[test]
    fn parameters_that_name_another_origin_are_refused() {
        for (query, expected) in [
            ("width=300", None),
            ("", None),
            ("originality=1&resolved", None),
            ("origin=http://a.example", Some("origin")),
            ("width=1&hostname=a.example", Some("hostname")),
            ("hostname", Some("hostname")),
            ("source_url64=aHR0cDovL2E", Some("source_url")),
            ("%6frigin=x", Some("origin")),
            ("bucket=b&region=r", Some("bucket")),
            ("host_header=x", Some("host_header")),
            ("resolve=a:80:127.0.0.1", Some("resolve")),
        ] {
            assert_eq!(named("/a.jpg", query), expected, "{query}");
        }
    }

    #[test]
    fn paths_that_are_urls_are_refused() {
        for (path, refused) in [
            ("/http%3A%2F%2Fa.example%2Fx.jpg", true),
            ("/http://a.example/x.jpg", true),
            ("/https:/a.example/x.jpg", true),
            ("//HTTPS%3a//a.example", true),
            ("/%68%74%74%70%3a%2f%2fa", true),
            ("/http/x.jpg", false),
            ("/a/http://x.jpg", false),
            ("/https.jpg", false),
            ("/", false),
        ] {
            assert_eq!(named(path, "").is_some(), refused, "{path}");
        }
    }
}
