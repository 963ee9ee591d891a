//! The path of an original: percent-decoded once, checked for path traversal, and in canonical form.

mod traversal;

use crate::error::{Error, Result};

/// The longest path that is accepted, in bytes as sent: the limit of Linux (`PATH_MAX`).
const LONGEST: usize = 4096;

/// How much of an invalid path is kept for the log, in characters.
const QUOTED: usize = 128;

/// The path of an original below the origin.
///
/// ```
/// # use origin::SourcePath;
/// let path = SourcePath::parse("//caf%c3%a9/%41 %28b%29.jpg")?;
/// assert_eq!(path.segments(), ["café".as_bytes(), b"A (b).jpg"]);
/// assert_eq!(path.canonical(), "/caf%C3%A9/A%20%28b%29.jpg");
/// assert_eq!(path.identity(), "/caf%C3%A9/A%20(b).jpg");
/// # Ok::<(), origin::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourcePath {
    canonical: String,
    segments: Vec<Vec<u8>>,
}

impl SourcePath {
    /// Parses the path of a request as it was sent: percent-encoded, with its leading slash, without a query.
    ///
    /// Decoding happens once: `a%252eb` is a file called `a%2eb`. Empty segments are dropped everywhere: `//a/`
    /// is `/a`. An encoded slash is part of its segment, and bytes need not be UTF-8. Whatever could climb above the origin's
    /// base for a file system or for another parser of URLs, one that decodes twice among them, is refused with
    /// [`crate::ErrorKind::InvalidPath`].
    pub fn parse(raw: &str) -> Result<Self> {
        Self::read(raw)
            .map_err(|reason| Error::InvalidPath { path: raw.chars().take(QUOTED).collect(), reason })
    }

    /// The path in the form sent to HTTP origins: as it came, in the normal form of RFC 3986, 6.2.2. Equivalent spellings
    /// are one, and different ones stay apart (`+` is not `%2B`): what they mean is the origin's business. It is also
    /// the identity there, since two spellings may share a cache entry only if the requests to the origin are the same.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The one spelling of the decoded segments: what identifies a file of a folder, which has a name and no URL. It is a
    /// path that [`Self::parse`] reads as the same segments.
    pub fn identity(&self) -> String {
        spelled(self.segments.iter().map(Vec::as_slice))
    }

    /// The one spelling of the key of an object in a bucket, where an encoded slash is a slash.
    pub fn object_identity(&self) -> String {
        spelled(self.object_segments())
    }

    /// The decoded segments in order, none of them empty; the root has none. They are bytes, and may hold a slash.
    pub fn segments(&self) -> &[Vec<u8>] {
        &self.segments
    }

    /// The parts of the key of an object in a bucket, between slashes, encoded ones too; a part may be empty then.
    pub fn object_segments(&self) -> impl Iterator<Item = &[u8]> {
        self.segments.iter().flat_map(|segment| segment.split(|byte| *byte == b'/'))
    }

    /// The rest of the path below a prefix of whole segments; `None` if it is not below it.
    pub(crate) fn below(&self, prefix: &Self) -> Option<Self> {
        let rest = self.segments.strip_prefix(&*prefix.segments).filter(|rest| !rest.is_empty());
        let segments = rest?.to_vec();
        let canonical = self.canonical.split('/').skip(1 + prefix.segments.len());
        Some(Self { canonical: canonical.fold(String::new(), |all, segment| all + "/" + segment), segments })
    }

    fn read(raw: &str) -> Result<Self, &'static str> {
        if raw.len() > LONGEST {
            return Err("expected at most 4096 bytes");
        }
        let below = raw.strip_prefix('/').ok_or("expected a leading slash")?;
        let mut path = Self { canonical: String::with_capacity(raw.len()), segments: Vec::new() };
        for segment in below.split('/').filter(|segment| !segment.is_empty()) {
            path.canonical.push('/');
            let decoded = decode(segment, &mut path.canonical)?;
            traversal::check(&decoded)?;
            path.segments.push(decoded);
        }
        if path.segments.is_empty() {
            path.canonical.push('/');
        }
        Ok(path)
    }
}

/// Segments as a path, each byte in its one spelling.
fn spelled<'a>(segments: impl Iterator<Item = &'a [u8]>) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        for byte in segment {
            append(&mut path, *byte, Spelling::Plain);
        }
    }
    if path.is_empty() { "/".to_owned() } else { path }
}

/// Decodes one segment, and appends its canonical form to `canonical`.
fn decode(segment: &str, canonical: &mut String) -> Result<Vec<u8>, &'static str> {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, spelling, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => (hex(*high)? << 4 | hex(*low)?, Spelling::Encoded, after),
            (b'%', _) => return Err("expected two hexadecimal digits after %"),
            (byte, after) => (*byte, Spelling::Plain, after),
        };
        check(byte, spelling)?;
        append(canonical, byte, spelling);
        decoded.push(byte);
        rest = after;
    }
    Ok(decoded)
}

/// The path of a URL in the normal form of RFC 3986, 6.2.2: hexadecimal digits are capital, and what needs no encoding
/// has none. What is not percent-encoded properly stays as it is.
pub(crate) fn normal(path: &str) -> String {
    let mut normal = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        normal.push_str(&rest[..at]);
        let byte = match rest.as_bytes()[at..] {
            [_, high, low, ..] => hex(high).and_then(|high| Ok(high << 4 | hex(low)?)).ok(),
            _ => None,
        };
        match byte {
            Some(byte) => append(&mut normal, byte, Spelling::Encoded),
            None => normal.push('%'),
        }
        rest = &rest[at + if byte.is_some() { 3 } else { 1 }..];
    }
    normal + rest
}

fn append(path: &mut String, byte: u8, spelling: Spelling) {
    if stays_plain(byte, spelling) {
        path.push(char::from(byte));
    } else {
        path.push_str(percent_encoding::percent_encode_byte(byte));
    }
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
            ("/", "/", &[]),
            ("///", "/", &[]),
            ("//a", "/a", &["a"]),
            ("/a//b/", "/a/b", &["a", "b"]),
            ("///a///b///", "/a/b", &["a", "b"]),
            ("/%41%2d%7e", "/A-~", &["A-~"]),
            ("/%e2%82%ac", "/%E2%82%AC", &["€"]),
            ("/€", "/%E2%82%AC", &["€"]),
            ("/a b", "/a%20b", &["a b"]),
            ("/a+b", "/a+b", &["a+b"]),
            ("/a%2bb", "/a%2Bb", &["a+b"]),
            ("/a%252e%252e/x", "/a%252e%252e/x", &["a%2e%2e", "x"]),
            ("/%252fetc", "/%252fetc", &["%2fetc"]),
            ("/100%25.jpg", "/100%25.jpg", &["100%.jpg"]),
            ("/..a;b", "/..a;b", &["..a;b"]),
            ("/a;..", "/a;..", &["a;.."]),
            ("/;", "/;", &[";"]),
            ("/%3Fa%23", "/%3Fa%23", &["?a#"]),
            ("/...", "/...", &["..."]),
            ("/..a", "/..a", &["..a"]),
            ("/a%2fb", "/a%2Fb", &["a/b"]),
            ("/%2Fa%2F/b", "/%2Fa%2F/b", &["/a/", "b"]),
            ("/.hidden", "/.hidden", &[".hidden"]),
            ("/w_300,h_200;v=1/x@2x.png", "/w_300,h_200;v=1/x@2x.png", &["w_300,h_200;v=1", "x@2x.png"]),
        ];
        for (raw, canonical, segments) in cases {
            let path = SourcePath::parse(raw).unwrap();
            assert_eq!(path.canonical(), *canonical, "{raw}");
            let expected: Vec<_> = segments.iter().map(|segment| segment.as_bytes()).collect();
            assert_eq!(path.segments(), expected, "{raw}");
        }
        let latin = SourcePath::parse("/caf%e9/%ff.jpg").unwrap();
        assert_eq!(
            (latin.canonical(), latin.segments()),
            ("/caf%E9/%FF.jpg", &[b"caf\xe9".to_vec(), b"\xff.jpg".to_vec()][..])
        );
    }

    #[test]
    fn an_encoded_slash_is_a_slash_in_keys_alone() {
        for (raw, identity, object) in [
            ("/a/b", "/a/b", "/a/b"),
            ("/a%2Fb", "/a%2Fb", "/a/b"),
            ("/a%2fb%2F", "/a%2Fb%2F", "/a/b/"),
            ("/caf%e9", "/caf%E9", "/caf%E9"),
            ("/", "/", "/"),
        ] {
            let path = SourcePath::parse(raw).unwrap();
            assert_eq!(
                (path.identity().as_str(), path.object_identity().as_str()),
                (identity, object),
                "{raw}"
            );
        }
    }

    /// In each line the spellings of one name; no two lines share an identity.
    #[test]
    fn a_name_has_one_identity() {
        let names: &[&[&str]] = &[
            &["/photo(1).jpg", "/photo%281%29.jpg", "//photo(1).jpg", "/photo(1)%2ejpg", "/photo(1).jpg/"],
            &["/caf\u{e9}.jpg", "/caf%C3%A9.jpg", "/caf%c3%a9.jpg", "/%63af%C3%a9.jpg"],
            &["/cafe\u{301}.jpg", "/cafe%cc%81.jpg"],
            &["/a+b", "/a%2Bb", "/a%2bb"],
            &["/a b", "/a%20b"],
            &["/a%2520b"],
            &["/a/b;c=d,e", "/a//b%3Bc%3Dd%2Ce", "/a/%62%3bc=d,e/"],
            &["/A/b"],
            &["/~%5B%5d", "/%7e[]"],
            &["/", "//", "///"],
        ];
        let identity = |raw: &&str| SourcePath::parse(raw).unwrap().identity();
        let mut seen = std::collections::BTreeSet::new();
        for spellings in names {
            let first = identity(&spellings[0]);
            assert!(spellings.iter().all(|raw| identity(raw) == first), "{spellings:?}");
            assert!(seen.insert(first), "{spellings:?}");
        }
    }

    #[test]
    fn equivalent_paths_of_urls_are_one() {
        for (path, expected) in [
            ("/", "/"),
            ("/%7e%41/x", "/~A/x"),
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/a%2fb//c%28(", "/a%2Fb//c%28("),
            ("/%", "/%"),
            ("/%4", "/%4"),
            ("/%zz%41", "/%zzA"),
            ("/%%41", "/%A"),
            ("/%2541", "/%2541"),
            ("/%+1", "/%+1"),
        ] {
            assert_eq!(normal(path), expected, "{path}");
            assert_eq!(normal(expected), expected);
        }
    }

    #[test]
    fn paths_below_a_prefix_of_whole_segments() {
        for (path, prefix, expected) in [
            ("/shop/a.jpg", "/shop", Some("/a.jpg")),
            ("/shop/a.jpg", "/shop/", Some("/a.jpg")),
            ("/%73hop/%e9%80%80/b", "/shop", Some("/%E9%80%80/b")),
            ("/shop/eu/a.jpg", "/shop/eu", Some("/a.jpg")),
            ("/shop/", "/shop", None),
            ("//shop//a/", "/shop//", Some("/a")),
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
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
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
            "/a%2f..%2fb",
            "/a%2f.",
            "/..;/a",
            "/a/.;x/b",
            "/%2e%2e;/a",
            "/..%3b/a",
            "/%252e%252e/a",
            "/a%2500",
            "/..%2fetc",
            "/..%5cetc",
            "/a\\b",
            "/a%00.jpg",
            "/a\0.jpg",
            "/a%0d%0aHost:x",
            "/a\nb",
            "/a%7f",
            "/a%c2%85",
            "/%c0%ae%c0%ae/a",
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

        /// Names are the same exactly where identities are, and an identity is a path of the same name.
        #[test]
        fn identities_are_names(one in "/([a(+;/%]|%[0-9a-fA-F]{2}){0,8}", other in "/([a(+;/%]|%[0-9a-fA-F]{2}){0,8}") {
            if let (Ok(one), Ok(other)) = (SourcePath::parse(&one), SourcePath::parse(&other)) {
                prop_assert_eq!(one.identity() == other.identity(), one.segments() == other.segments());
                let again = SourcePath::parse(&one.identity()).unwrap();
                prop_assert_eq!(again.identity(), one.identity());
                prop_assert_eq!(again.segments(), one.segments());
            }
        }

        /// However often a path is decoded, with whatever cut off behind a semicolon, no step of it goes up.
        #[test]
        fn no_decoding_makes_a_dot_segment(raw in "/([.;/ ]|%(25){0,3}(2e|2E|2f|5c|3b|00|20|c0%ae)|%2|5){0,10}") {
            if let Ok(path) = SourcePath::parse(&raw) {
                let mut text = path.canonical().to_owned();
                for _ in 0..raw.len() {
                    for step in text.split(['/', '\\']) {
                        let name = step.split(';').next().unwrap_or_default().trim();
                        prop_assert!(name != "." && name != "..", "{raw} {text}");
                    }
                    prop_assert!(!text.contains('\0'), "{raw} {text}");
                    text = percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned();
                }
            }
        }

        /// No text makes it panic, and no segment can climb or split.
        #[test]
        fn segments_are_harmless(raw in "/?\\PC{0,64}") {
            if let Ok(path) = SourcePath::parse(&raw) {
                for segment in path.segments() {
                    prop_assert!(!segment.is_empty());
                    for step in segment.split(|byte| *byte == b'/') {
                        prop_assert!(step != b"." && step != b"..");
                    }
                    prop_assert!(!segment.contains(&b'\\') && !segment.contains(&0));
                }
            }
        }
    }
}
