//! The path of an original: decoded once, checked, and written in one canonical form.

use crate::error::{Error, Result};

/// The longest path that is looked at, in bytes as sent; Linux' own limit for a path (`PATH_MAX`).
const LONGEST: usize = 4096;

/// How much of a refused path is kept for the log, in characters.
const QUOTED: usize = 128;

/// The path of an original below the origin.
///
/// ```
/// # use origin::SourcePath;
/// let path = SourcePath::parse("/caf%c3%a9/%41 b.jpg")?;
/// assert_eq!(path.canonical(), "/caf%C3%A9/A%20b.jpg");
/// assert_eq!(path.segments(), ["café", "A b.jpg"]);
/// # Ok::<(), origin::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourcePath {
    canonical: String,
    segments: Vec<String>,
}

impl SourcePath {
    /// Reads the path of a request as it was sent: percent-encoded, with its leading slash, without a query.
    ///
    /// Decoding happens once: `%252e` is a file called `%2e`. Whatever could mean something else to a file system or
    /// to another parser of URLs is refused with [`crate::ErrorKind::InvalidPath`].
    pub fn parse(raw: &str) -> Result<Self> {
        Self::read(raw)
            .map_err(|reason| Error::InvalidPath { path: raw.chars().take(QUOTED).collect(), reason })
    }

    /// The path in the form sent upstream: the normal form of RFC 3986, 6.2.2, where equivalent spellings are one and
    /// different ones stay apart (`+` is not `%2B`).
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The decoded segments in order; an empty one for every doubled or trailing slash.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// What lies below a prefix of whole segments, as a path of its own; nothing if it does not lie below it.
    pub(crate) fn below(&self, prefix: &Self) -> Option<Self> {
        let prefix = prefix.segments.strip_suffix(&[String::new()]).unwrap_or(&prefix.segments);
        let segments = self.segments.strip_prefix(prefix).filter(|rest| !rest.is_empty())?.to_vec();
        let canonical = self.canonical.split('/').skip(1 + prefix.len());
        Some(Self { canonical: canonical.fold(String::new(), |all, segment| all + "/" + segment), segments })
    }

    fn read(raw: &str) -> Result<Self, &'static str> {
        if raw.len() > LONGEST {
            return Err("expected at most 4096 bytes");
        }
        let below = raw.strip_prefix('/').ok_or("expected a leading slash")?;
        let mut path = Self { canonical: String::with_capacity(raw.len()), segments: Vec::new() };
        for segment in below.split('/') {
            path.canonical.push('/');
            let decoded = decode(segment, &mut path.canonical)?;
            if decoded == "." || decoded == ".." {
                return Err("expected no dot segments");
            }
            path.segments.push(decoded);
        }
        Ok(path)
    }
}

/// Decodes one segment, and appends its canonical form to `canonical`.
fn decode(segment: &str, canonical: &mut String) -> Result<String, &'static str> {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, spelling, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => (hex(*high)? << 4 | hex(*low)?, Spelling::Encoded, after),
            (b'%', _) => return Err("expected two hexadecimal digits after %"),
            (byte, after) => (*byte, Spelling::Plain, after),
        };
        check(byte, spelling)?;
        if stays_plain(byte, spelling) {
            canonical.push(char::from(byte));
        } else {
            canonical.push_str(percent_encoding::percent_encode_byte(byte));
        }
        decoded.push(byte);
        rest = after;
    }
    let decoded = String::from_utf8(decoded).map_err(|_| "expected UTF-8")?;
    if decoded.chars().any(char::is_control) {
        return Err("expected no control characters");
    }
    Ok(decoded)
}

/// How a byte was written in the request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Plain,
    Encoded,
}

fn hex(digit: u8) -> Result<u8, &'static str> {
    let value = char::from(digit).to_digit(16).ok_or("expected two hexadecimal digits after %")?;
    Ok(value as u8)
}

fn check(byte: u8, spelling: Spelling) -> Result<(), &'static str> {
    match (byte, spelling) {
        (b'/', _) => Err("expected no encoded slash"),
        (b'\\', _) => Err("expected no backslash"),
        (b'?' | b'#', Spelling::Plain) => Err("expected a path without query and fragment"),
        _ => Ok(()),
    }
}

/// Unreserved characters are never encoded, delimiters stay as they were sent, all else is encoded.
fn stays_plain(byte: u8, spelling: Spelling) -> bool {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => true,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@' => {
            spelling == Spelling::Plain
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn accepts() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("/a/b.jpg", "/a/b.jpg", &["a", "b.jpg"]),
            ("/", "/", &[""]),
            ("//a", "//a", &["", "a"]),
            ("/a//b/", "/a//b/", &["a", "", "b", ""]),
            ("/%41%2d%7e", "/A-~", &["A-~"]),
            ("/%e2%82%ac", "/%E2%82%AC", &["€"]),
            ("/€", "/%E2%82%AC", &["€"]),
            ("/a b", "/a%20b", &["a b"]),
            ("/a+b", "/a+b", &["a+b"]),
            ("/a%2bb", "/a%2Bb", &["a+b"]),
            ("/%252e%252e/x", "/%252e%252e/x", &["%2e%2e", "x"]),
            ("/%252fetc", "/%252fetc", &["%2fetc"]),
            ("/%3Fa%23", "/%3Fa%23", &["?a#"]),
            ("/...", "/...", &["..."]),
            ("/..a", "/..a", &["..a"]),
            ("/.hidden", "/.hidden", &[".hidden"]),
            ("/w_300,h_200;v=1/x@2x.png", "/w_300,h_200;v=1/x@2x.png", &["w_300,h_200;v=1", "x@2x.png"]),
        ];
        for (raw, canonical, segments) in cases {
            let path = SourcePath::parse(raw).unwrap();
            assert_eq!(path.canonical(), *canonical, "{raw}");
            assert_eq!(path.segments(), *segments, "{raw}");
        }
    }

    #[test]
    fn below_a_prefix_of_whole_segments() {
        for (path, prefix, expected) in [
            ("/shop/a.jpg", "/shop", Some("/a.jpg")),
            ("/shop/a.jpg", "/shop/", Some("/a.jpg")),
            ("/%73hop/%e9%80%80/b", "/shop", Some("/%E9%80%80/b")),
            ("/shop/eu/a.jpg", "/shop/eu", Some("/a.jpg")),
            ("/shop/", "/shop", Some("/")),
            ("/shop//a", "/shop", Some("//a")),
            ("/shop", "/shop", None),
            ("/shopping/a.jpg", "/shop", None),
            ("/Shop/a.jpg", "/shop", None),
            ("/a/shop/b", "/shop", None),
        ] {
            let parse = |raw: &str| SourcePath::parse(raw).unwrap();
            let below = parse(path).below(&parse(prefix));
            assert_eq!(below.as_ref().map(SourcePath::canonical), expected, "{path} {prefix}");
            assert!(below.is_none_or(|below| below == parse(below.canonical())), "{path}");
        }
    }

    #[test]
    fn rejects() {
        let long = format!("/{}", "a".repeat(LONGEST));
        let cases = [
            "",
            "a.jpg",
            "/..",
            "/a/../b",
            "/./a",
            "/%2e%2e/a",
            "/%2E./a",
            "/.%2e/a",
            "/%2e",
            "/a%2fb",
            "/..%2fetc",
            "/..%5cetc",
            "/a\\b",
            "/a%00.jpg",
            "/a\0.jpg",
            "/a%0d%0aHost:x",
            "/a\nb",
            "/a%7f",
            "/a%c2%85",
            "/%ff",
            "/%c0%ae%c0%ae/a",
            "/%ed%a0%80",
            "/a%",
            "/a%4",
            "/a%zz",
            "/a%+1",
            "/a?b",
            "/a#b",
            long.as_str(),
        ];
        for raw in cases {
            let error = SourcePath::parse(raw).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPath, "{raw:?}");
            assert!(error.to_string().len() < 1024, "{raw:?}");
        }
        assert!(SourcePath::parse(&long[..LONGEST]).is_ok());
    }

    proptest! {
        /// The canonical form is a fixed point, plain ASCII, and means the same segments.
        #[test]
        fn canonical_is_stable(raw in "/([a-z./%+ é€]|%[0-9a-fA-F]{2}){0,40}") {
            if let Ok(path) = SourcePath::parse(&raw) {
                let again = SourcePath::parse(path.canonical()).unwrap();
                prop_assert_eq!(&again, &path);
                prop_assert!(path.canonical().bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }

        /// No text makes it panic, and no segment can climb or split.
        #[test]
        fn segments_are_harmless(raw in "/?\\PC{0,64}") {
            if let Ok(path) = SourcePath::parse(&raw) {
                for segment in path.segments() {
                    prop_assert!(segment != "." && segment != "..");
                    prop_assert!(!segment.contains(['/', '\\', '\0']));
                }
            }
        }
    }
}
