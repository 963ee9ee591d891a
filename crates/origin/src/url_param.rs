//! URLs that requests name: parsed once, normalised, and without credentials.

use std::net::IpAddr;

use percent_encoding::{percent_decode_str, percent_encode_byte};
use url::{Host, Url};

use crate::path::normal;

/// The longest URL that is parsed, in bytes.
const LONGEST: usize = 8192;

/// What was expected in place of a value.
pub(crate) type Expected = &'static str;

const URL: Expected =
    "an http or https URL, or a host, of at most 8192 bytes and without user, password or backslash";

/// Parses a URL; without a scheme it is an http URL.
///
/// The host is normalised to lower case and punycode without a trailing dot, an address in any spelling to its canonical
/// form, and the path by RFC 3986, section 6.2.2; empty segments stay, since only the host knows what they mean. The
/// query is not changed, it may be signed. The fragment is removed.
pub(crate) fn url(text: &str) -> Result<Url, Expected> {
    let text = text.trim();
    // URL parsers drop tabs and line ends, and read backslashes as slashes
    if text.len() > LONGEST || text.chars().any(|c| c.is_control() || c == '\\') {
        return Err(URL);
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => ("http", rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => ("https", rest),
        // a scheme has no slashes: this "://" is in the path or the query
        Some((before, _)) if before.contains(['/', '?', '#']) => ("http", text),
        Some(_) => return Err(URL),
        None => ("http", text),
    };
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains(['@', ' ']) {
        return Err(URL);
    }
    let mut url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_| URL)?;
    url.set_fragment(None);
    let path = normal(url.path());
    url.set_path(&path);
    drop_trailing_dot(&mut url)?;
    match url.host() {
        Some(Host::Ipv6(_)) if scheme == "https" => {
            Err("a host name: https to an IPv6 address is not supported")
        }
        Some(_) => Ok(url),
        None => Err(URL),
    }
}

/// `a.example.` becomes `a.example`.
fn drop_trailing_dot(url: &mut Url) -> Result<(), Expected> {
    let Some(name) = url.domain().and_then(|name| name.strip_suffix('.')).map(str::to_owned) else {
        return Ok(());
    };
    if name.is_empty() || name.ends_with('.') {
        return Err(URL);
    }
    url.set_host(Some(&name)).map_err(|_| URL)
}

/// Parses a base URL.
pub(crate) fn base(text: &str) -> Result<Url, Expected> {
    let url = url(text)?;
    if url.query().is_some() { Err("a base URL without a query") } else { Ok(url) }
}

/// Parses a request path that is a whole URL, percent-decoded once as every path is; `None` if it is not. Proxies may have
/// merged the two slashes behind the scheme.
pub(crate) fn in_path(path: &str) -> Option<Result<Url, Expected>> {
    let text = path.trim_start_matches('/');
    // a URL's scheme fits in the first bytes, even if each is encoded
    let reach = text.floor_char_boundary(3 * "https://".len());
    with_two_slashes(&percent_decode_str(&text[..reach]).decode_utf8_lossy())?;
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        // in a URL these bytes are encoded anyway
        decoded.extend(chunk.invalid().iter().map(|byte| percent_encode_byte(*byte)));
    }
    Some(with_two_slashes(&decoded).ok_or(URL).and_then(|text| url(&text)))
}

fn with_two_slashes(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(":/")?;
    let known = ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    Some(format!("{known}://{}", rest.trim_start_matches('/')))
}

/// A host and port, and the address to connect to in place of their own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ResolvePin {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) address: IpAddr,
}

/// Parses `host:port:address`.
pub(crate) fn pin(text: &str) -> Result<ResolvePin, Expected> {
    const EXPECTED: Expected = "host:port:address, such as images.example.com:443:203.0.113.7";
    let (host, rest) = match text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((host, rest)) => (format!("[{host}]"), rest),
        None => text.split_once(':').map(|(host, rest)| (host.to_owned(), rest)).ok_or(EXPECTED)?,
    };
    let (port, address) = rest.split_once(':').ok_or(EXPECTED)?;
    let url = url(&host).map_err(|_| EXPECTED)?;
    let bare = url.port().is_none() && url.path() == "/" && url.query().is_none();
    let host = url.host_str().filter(|_| bare).ok_or(EXPECTED)?;
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|_| digits).ok_or(EXPECTED)?;
    let address = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
    let address = address.parse().map_err(|_| EXPECTED)?;
    Ok(ResolvePin { host: host.to_owned(), port, address })
}

/// Parses a host with or without a port, as it is in a URL of this scheme.
pub(crate) fn host(text: &str, scheme: &str) -> Result<Url, Expected> {
    const EXPECTED: Expected = "a host such as images.example.com";
    let url = url(&format!("{scheme}://{}", text.trim())).map_err(|_| EXPECTED)?;
    let bare = !text.contains(['/', '?', '#']) && url.path() == "/";
    if bare { Ok(url) } else { Err(EXPECTED) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (text, expected) in [
            ("http://a.example", "http://a.example/"),
            ("HTTPS://A.Example/X.jpg", "https://a.example/X.jpg"),
            ("a.example", "http://a.example/"),
            ("a.example:8080/b", "http://a.example:8080/b"),
            ("//a.example/b", "http://a.example/b"),
            (" http://a.example/b ", "http://a.example/b"),
            ("http://a.example./b", "http://a.example/b"),
            ("http://a.example:80/b", "http://a.example/b"),
            ("http://a.example/b?width=100#top", "http://a.example/b?width=100"),
            ("http://a.example?c=d", "http://a.example/?c=d"),
            ("http://a.example/b c", "http://a.example/b%20c"),
            ("http://a.example/b+c%2Fd", "http://a.example/b+c%2Fd"),
            ("http://a.example/%0d%0aX:y", "http://a.example/%0D%0AX:y"),
            ("http://a.example/x@y", "http://a.example/x@y"),
            ("http://a.example/%7e%78%c3%a9%28(?%7e", "http://a.example/~x%C3%A9%28(?%7e"),
            ("http://a.example//x//", "http://a.example//x//"),
            ("http://a.example/../../b", "http://a.example/b"),
            ("a.example/r?u=http://b.example", "http://a.example/r?u=http://b.example"),
            ("http://b\u{fc}cher.example", "http://xn--bcher-kva.example/"),
            ("http://\u{ff41}.example", "http://a.example/"),
            ("http://a%2eexample/", "http://a.example/"),
            // every spelling of an address is that address
            ("http://2130706434/", "http://127.0.0.2/"),
            ("http://0x7f000002/", "http://127.0.0.2/"),
            ("http://0177.0.0.2/", "http://127.0.0.2/"),
            ("http://127.2/", "http://127.0.0.2/"),
            ("http://127.0.0.2./", "http://127.0.0.2/"),
            ("http://%31%32%37.0.0.2/", "http://127.0.0.2/"),
            ("http://\u{2461}\u{2466}.0.0.2/", "http://27.0.0.2/"),
            ("http://127\u{3002}0\u{3002}0\u{3002}2/", "http://127.0.0.2/"),
            ("http://[::FFFF:127.0.0.2]/", "http://[::ffff:7f00:2]/"),
        ] {
            assert_eq!(url(text).map(String::from).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn invalid_urls_and_urls_with_credentials() {
        let long = format!("http://a.example/{}", "x".repeat(LONGEST));
        for text in [
            "",
            " ",
            "/",
            "///",
            "http://",
            "https:///x",
            "ftp://a.example",
            "file:///etc/passwd",
            "gopher://a",
            "javascript:alert(1)",
            "data:image/png;base64,AAAA",
            "http://user@a.example",
            "http://u:p@a.example",
            "http://@a.example",
            "http://a.example@127.0.0.2/",
            "http://a.example%40b@c/",
            "u@a.example",
            "http://a.example\\@127.0.0.2/",
            "http:\\\\a.example",
            "http://a.example/\\..\\x",
            "http://a.example/\r\nHost: b",
            "http://a.exa\tmple",
            "http://a.example/\0",
            "http://a b.example",
            "http://a.example..",
            "http://.",
            "http://a.example:x",
            "http://a.example:65536",
            "http://[::1",
            "http://1.2.3.4.5",
            "http://256.1.1.1",
            "http://a<b>.example",
            "https://[::1]/",
            long.as_str(),
        ] {
            assert!(url(text).is_err(), "{text:?}: {:?}", url(text));
        }
        assert!(base("http://a.example/b?c").is_err());
        assert_eq!(base("a.example/b#c").unwrap().as_str(), "http://a.example/b");
    }

    #[test]
    fn urls_in_paths() {
        for (path, expected) in [
            ("/http%3A%2F%2Fa.example%2Fx.jpg", "http://a.example/x.jpg"),
            ("/https%3a//a.example/x%2520y.jpg", "https://a.example/x%20y.jpg"),
            ("/%68%74%74%70%3a%2f%2fa.example", "http://a.example/"),
            ("/http%3A%2F%2Fa.example%2Fx.jpg%3Fv%3D1", "http://a.example/x.jpg?v=1"),
            ("/http://a.example/x%20y.jpg", "http://a.example/x%20y.jpg"),
            ("/http://a.example/x%2520y.jpg", "http://a.example/x%20y.jpg"),
            ("/https:/a.example/x.jpg", "https://a.example/x.jpg"),
            ("//HTTPS%3a//a.example", "https://a.example/"),
            ("/http:////a.example", "http://a.example/"),
            ("/http://a.example/caf%e9.jpg", "http://a.example/caf%E9.jpg"),
            ("/http%3A%2F%2Fa.example%2F%FFx%C3%A9.jpg", "http://a.example/%FFx%C3%A9.jpg"),
        ] {
            assert_eq!(in_path(path).unwrap().map(String::from).as_deref(), Ok(expected), "{path}");
        }
        for path in [
            "/",
            "",
            "/x.jpg",
            "/http/x.jpg",
            "/a/http://x.jpg",
            "/https.jpg",
            "/ftp://a",
            "/\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}",
        ] {
            assert!(in_path(path).is_none(), "{path}");
        }
        for path in
            ["/http://", "/http%3a%2f%2fa%0d%0ab", "/http%3a%2f%2fu%40a.example", "/http%3a%2f%2fa%5cb"]
        {
            assert!(in_path(path).unwrap().is_err(), "{path}");
        }
    }

    #[test]
    fn pins() {
        for (text, host, port, address) in [
            ("a.example:443:203.0.113.7", "a.example", 443, "203.0.113.7"),
            ("A.example.:80:127.0.0.2", "a.example", 80, "127.0.0.2"),
            ("a.example:80:2001:db8::1", "a.example", 80, "2001:db8::1"),
            ("a.example:80:[2001:db8::1]", "a.example", 80, "2001:db8::1"),
            ("[::1]:80:203.0.113.7", "[::1]", 80, "203.0.113.7"),
        ] {
            let expected = ResolvePin { host: host.to_owned(), port, address: address.parse().unwrap() };
            assert_eq!(pin(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "a",
            "a:80",
            "a:80:",
            "a::1.2.3.4",
            "a:+80:1.2.3.4",
            "a:80:b.example",
            ":80:1.2.3.4",
            "a/b:80:1.2.3.4",
            "a:80:0x7f000001",
            "a:80:127.1",
            "u@a:80:1.2.3.4",
            "a:65536:1.2.3.4",
        ] {
            assert!(pin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hosts() {
        for (text, expected) in
            [("A.example", "a.example"), ("a.example:81", "a.example:81"), ("a.example:443", "a.example")]
        {
            assert_eq!(crate::http::authority::authority(&host(text, "https").unwrap()), expected);
        }
        for text in ["", "a/b", "a\r\nX: y", "u@a", "a?b", "http://a", "a b", "a#", "a:b"] {
            assert!(host(text, "http").is_err(), "{text:?}");
        }
    }
}
