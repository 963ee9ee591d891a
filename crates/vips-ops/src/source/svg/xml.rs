//! Parses the XML of an SVG document.

use std::borrow::Cow;

use roxmltree::{Document, Error, ParsingOptions};

use super::tally::Stop;

/// Most nodes; librsvg allows at most a million elements.
const MOST_NODES: u32 = 2_000_000;

/// Most undeclared namespace prefixes that are declared automatically.
const MOST_PREFIXES: usize = 32;

/// Bytes that are searched for the XML declaration.
const DECLARATION: usize = 256;

/// Encodings in which all markup is ASCII; other characters do not matter for the analysis. Prefixes of names.
const ASCII_BASED: [&str; 10] = [
    "utf-8",
    "utf8",
    "us-ascii",
    "ascii",
    "iso-8859-",
    "iso8859-",
    "latin",
    "windows-125",
    "koi8-",
    "macintosh",
];

/// Decodes the document, as far as its markup matters.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Stop> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION)]).to_ascii_lowercase();
    let declared = head
        .split_once("?>")
        .and_then(|(declaration, _)| declaration.split_once("encoding"))
        .map(|(_, rest)| rest.trim_start_matches([' ', '\t', '\r', '\n', '=', '"', '\'']));
    if declared.is_some_and(|name| !ASCII_BASED.iter().any(|known| name.starts_with(known))) {
        return Err(Stop::Unreadable);
    }
    Ok(String::from_utf8_lossy(bytes))
}

/// Parses a document and passes it to `then`.
///
/// libxml2 warns about undeclared namespace prefixes and continues: documents that use `xlink:href` without a
/// declaration are common. Such prefixes are declared with a placeholder namespace.
pub fn with_document<T>(text: &str, then: impl FnOnce(&Document<'_>) -> Result<T, Stop>) -> Result<T, Stop> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..MOST_PREFIXES {
        let options =
            ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        let prefix = match Document::parse_with_options(&text, options) {
            Ok(document) => return then(&document),
            Err(Error::UnknownNamespace(prefix, _)) => prefix,
            Err(Error::NodesLimitReached) => return Err(Stop::Unsupported),
            Err(_) => return Err(Stop::Unreadable),
        };
        text = Cow::Owned(declare(&text, &prefix).ok_or(Stop::Unreadable)?);
    }
    Err(Stop::Unreadable)
}

/// The nesting depth of a document; the root has 1.
pub fn depth(document: &Document<'_>) -> usize {
    let (mut deepest, mut levels, mut node) = (0, 0usize, Some(document.root()));
    while let Some(at) = node {
        deepest = deepest.max(levels);
        if let Some(child) = at.first_child() {
            (levels, node) = (levels + 1, Some(child));
            continue;
        }
        let mut up = Some(at);
        node = loop {
            match up {
                None => break None,
                Some(left) if left.next_sibling().is_some() => break left.next_sibling(),
                Some(left) => (levels, up) = (levels.saturating_sub(1), left.parent()),
            }
        };
    }
    deepest
}

/// Declares a namespace for `prefix` in the root element.
fn declare(text: &str, prefix: &str) -> Option<String> {
    let root = root(text)?;
    let name = text[root + 1..].find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?;
    let (head, tail) = text.split_at(root + 1 + name);
    Some(format!("{head} xmlns:{prefix}=\"unknown:{prefix}\"{tail}"))
}

/// Offset of the root element, after declarations and comments.
fn root(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find('<')?;
        let rest = &text[at..];
        let end = match rest.as_bytes() {
            [_, b'?', ..] => "?>",
            [_, b'!', b'-', b'-', ..] => "-->",
            [_, b'!', ..] if rest.find('[').is_some_and(|open| Some(open) < rest.find('>')) => "]>",
            [_, b'!', ..] => ">",
            _ => return Some(at),
        };
        at += rest.find(end)? + end.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> Result<usize, Stop> {
        with_document(text, |document| Ok(document.descendants().filter(roxmltree::Node::is_element).count()))
    }

    #[test]
    fn undeclared_prefixes_are_declared() {
        let text =
            "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a '<b>'>]><!-- <x> --><svg a:b='1'><c:d/></svg>";
        assert_eq!(count(text).unwrap(), 2);
        assert_eq!(count("<svg"), Err(Stop::Unreadable));
    }

    #[test]
    fn depths_are_counted() {
        for (text, expected) in
            [("<svg/>", 1), ("<svg><g/><g><a/></g><b/></svg>", 3), ("<svg><g><g><g/></g></g><a/></svg>", 4)]
        {
            assert_eq!(with_document(text, |document| Ok(depth(document))), Ok(expected), "{text}");
        }
    }

    #[test]
    fn entities_are_expanded_within_limits() {
        let laugh = |level: usize| {
            let before = format!("&l{};", level - 1).repeat(10);
            format!("<!ENTITY l{level} \"{before}\">")
        };
        let laughs = (1..9).map(laugh).collect::<Vec<_>>().concat();
        let text = format!("<!DOCTYPE svg [<!ENTITY l0 'lol'>{laughs}]><svg><text>&l8;</text></svg>");
        assert_eq!(count(&text), Err(Stop::Unreadable));
        assert_eq!(count("<!DOCTYPE svg [<!ENTITY r '<rect/>'>]><svg>&r;&r;</svg>"), Ok(3));
    }

    #[test]
    fn encodings_that_are_not_ascii_based_are_refused() {
        assert!(decode(b"<?xml version='1.0' encoding='ISO-8859-1'?><svg>\xe4</svg>").is_ok());
        assert_eq!(decode(b"<?xml version=\"1.0\" encoding=\"UTF-7\"?><svg/>"), Err(Stop::Unreadable));
    }
}
