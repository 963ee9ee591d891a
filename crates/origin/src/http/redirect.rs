//! Where redirects lead, and whether credentials may be sent there.

use awc::http::StatusCode;
use url::Url;

use crate::host_allowlist::HostPattern;

/// Whether a request goes to the configured origin and may carry its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    Own,
    /// To a host that a client chose, or back from another host: whoever redirects to the origin must not choose what its
    /// credentials are used for.
    Foreign,
}

impl Trust {
    pub(crate) fn after(self, target: &Url, base: &Url) -> Self {
        if target.origin() == base.origin() { self } else { Self::Foreign }
    }
}

/// Where redirects may lead.
pub(crate) enum RedirectPolicy {
    /// To every public address: the configured origin is trusted.
    AnyPublic,
    /// To these hosts only, as for requests themselves.
    Listed(Vec<HostPattern>),
}

impl RedirectPolicy {
    /// Whether a redirect of a fetch from `home` may lead to `target`.
    pub(crate) fn permits(&self, target: &Url, home: &Url) -> bool {
        match self {
            Self::AnyPublic => true,
            Self::Listed(patterns) => {
                target.origin() == home.origin() || patterns.iter().any(|pattern| pattern.names(target))
            }
        }
    }
}

pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The URL of a `Location`, without credentials and fragment. The error text has nothing of the header, which may be a
/// signed URL.
pub(crate) fn target(current: &Url, location: Option<&[u8]>) -> Result<Url, &'static str> {
    let location = location.ok_or("a redirect without a location")?;
    let location = std::str::from_utf8(location).map_err(|_| "a redirect whose location is not UTF-8")?;
    let mut target = current.join(location).map_err(|_| "a redirect whose location is not a URL")?;
    if !matches!(target.scheme(), "http" | "https") {
        return Err("a redirect to another scheme, expected http or https");
    }
    target.set_fragment(None);
    let cleared = target.set_username("").and_then(|()| target.set_password(None));
    cleared.map_err(|()| "a redirect without a host")?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        let current = Url::parse("http://a.example/x/y.jpg?q").unwrap();
        for (location, expected) in [
            ("z.jpg", Some("http://a.example/x/z.jpg")),
            ("/z.jpg", Some("http://a.example/z.jpg")),
            ("?r", Some("http://a.example/x/y.jpg?r")),
            ("//b.example/z", Some("http://b.example/z")),
            ("https://b.example/z?s=1#frag", Some("https://b.example/z?s=1")),
            ("http://user:secret@b.example/z", Some("http://b.example/z")),
            ("http://0x7f000001/z", Some("http://127.0.0.1/z")),
            ("http://2130706433/", Some("http://127.0.0.1/")),
            ("/caf\u{e9}", Some("http://a.example/caf%C3%A9")),
            ("file:///etc/passwd", None),
            ("ftp://b.example/z", None),
            ("gopher://b.example/z", None),
            ("data:image/png;base64,", None),
            ("http://", None),
            ("http://[::1", None),
        ] {
            let found = target(&current, Some(location.as_bytes()));
            assert_eq!(found.ok().map(String::from).as_deref(), expected, "{location}");
        }
        assert!(target(&current, None).is_err());
        assert!(target(&current, Some(b"/\xff")).is_err());
    }

    #[test]
    fn trust_once_left_does_not_come_back() {
        let base = Url::parse("http://a.example:8080/base").unwrap();
        let same = Url::parse("http://a.example:8080/elsewhere").unwrap();
        assert_eq!(Trust::Own.after(&same, &base), Trust::Own);
        assert_eq!(Trust::Foreign.after(&same, &base), Trust::Foreign);
        for other in ["http://a.example/base", "https://a.example:8080/base", "http://b.example:8080/base"] {
            assert_eq!(Trust::Own.after(&Url::parse(other).unwrap(), &base), Trust::Foreign, "{other}");
        }
    }
}
