//! The text of a drawing, and its elements.

use std::borrow::Cow;

use roxmltree::{Document, Error, ParsingOptions};

use super::traversal::Stop;

/// Elements, attributes' owners and texts at most, as librsvg reads at most a million elements.
const MOST_NODES: u32 = 2_000_000;

/// Prefixes without a namespace that are made up for at most.
const MOST_PREFIXES: usize = 32;

/// How far into the text the XML declaration may reach.
const DECLARATION: usize = 256;

/// Encodings other than UTF-8 in which everything that is markup is ASCII: the rest does not matter for counting. Beginnings of
/// names.
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

/// The text, as far as it matters.
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

/// Reads the elements and hands them on.
///
/// libxml2 warns of prefixes that no namespace was given for, and goes on: drawings that say `xlink:href` without more
/// are common. Such prefixes get a namespace that means nothing.
pub fn with_document<T>(text: &str, then: impl FnOnce(&Document<'_>) -> Result<T, Stop>) -> Result<T, Stop> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..MOST_PREFIXES {
        let options =
            ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        let prefix = match Document::parse_with_options(&text, options) {
            Ok(document) => return then(&document),
            Err(Error::UnknownNamespace(prefix, _)) => prefix,
            Err(Error::NodesLimitReached) => return Err(Stop::Uncountable),
            Err(_) => return Err(Stop::Unreadable),
        };
        text = Cow::Owned(declare(&text, &prefix).ok_or(Stop::Unreadable)?);
    }
    Err(Stop::Unreadable)
}

/// How deep elements lie in each other, the root being 1.
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

/// Puts a namespace for `prefix` into the root element.
fn declare(text: &str, prefix: &str) -> Option<String> {
    let root = root(text)?;
    let name = text[root + 1..].find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?;
    let (head, tail) = text.split_at(root + 1 + name);
    Some(format!("{head} xmlns:{prefix}=\"unknown:{prefix}\"{tail}"))
}

/// Where the root element begins: after declarations and comments.
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
    fn prefixes_without_a_namespace_are_made_up_for() {
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
    fn encodings_that_hide_markup_are_not_read() {
        assert!(decode(b"<?xml version='1.0' encoding='ISO-8859-1'?><svg>\xe4</svg>").is_ok());
        assert_eq!(decode(b"<?xml version=\"1.0\" encoding=\"UTF-7\"?><svg/>"), Err(Stop::Unreadable));
    }
}
