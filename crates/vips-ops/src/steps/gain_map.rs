//! Removes references to a gain map from XMP, since the output contains no gain map.
//!
//! An Ultra HDR image is a JPEG followed by a second image, the gain map, which states how much brighter an HDR display
//! may show each pixel. XMP describes it. Re-encoding drops the gain map; readers that rely on stale XMP would fail.

use std::ops::Range;

use roxmltree::{Document, Node};
use vips::{Image, Result};

/// Name of XMP in libvips' metadata.
const XMP: &std::ffi::CStr = c"xmp-data";

/// Namespaces of gain maps (Ultra HDR 1.1; Apple), and of the directory of images appended to the file.
const GAIN_MAP: [&str; 2] = ["http://ns.adobe.com/hdr-gain-map/1.0/", "http://ns.apple.com/HDRGainMap/1.0/"];
const CONTAINER: [&str; 2] =
    ["http://ns.google.com/photos/1.0/container/", "http://ns.google.com/photos/1.0/container/item/"];

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// Largest XMP packet that is parsed, in bytes; in a JPEG it has at most 64 KB.
const MAX_BYTES: usize = 1024 * 1024;

/// Removes references to a gain map from XMP. The packet is removed if nothing else is left in it.
pub fn unclaimed(image: &Image) -> Result<Image> {
    let Some(xmp) = image.block(XMP) else { return Ok(image.clone()) };
    match cleaned(xmp) {
        Cleaned::Same => Ok(image.clone()),
        Cleaned::Nothing => image.edit(|edit| edit.remove(XMP)),
        Cleaned::Text(text) => image.edit(|edit| edit.set_block(XMP, text.as_bytes())),
    }
}

#[derive(Debug, PartialEq)]
enum Cleaned {
    /// There is no reference to a gain map.
    Same,
    /// Nothing else is left, or the packet cannot be parsed.
    Nothing,
    /// The remaining packet.
    Text(String),
}

fn is_claim(namespace: Option<&str>) -> bool {
    namespace.is_some_and(|uri| GAIN_MAP.contains(&uri) || CONTAINER.contains(&uri))
}

fn cleaned(xmp: &[u8]) -> Cleaned {
    let has = |uri: &str| xmp.windows(uri.len()).any(|part| part == uri.as_bytes());
    if !GAIN_MAP.iter().any(|uri| has(uri)) {
        return Cleaned::Same;
    }
    let text = str::from_utf8(xmp).ok().filter(|text| text.len() <= MAX_BYTES);
    let text = text.map(|text| text.trim_end_matches('\0'));
    let Some((text, document)) = text.and_then(|text| Some((text, Document::parse(text).ok()?))) else {
        return Cleaned::Nothing;
    };
    let mut cuts = Vec::new();
    let mut left = false;
    walk(document.root(), &mut cuts, &mut left);
    if !left {
        return Cleaned::Nothing;
    }
    let rest = without(text, cuts);
    let uris = GAIN_MAP.iter().chain(&CONTAINER);
    Cleaned::Text(uris.fold(rest, |text, uri| undeclared(&text, uri)))
}

/// Collects the ranges to be removed; sets `left` if the packet contains anything else.
fn walk(node: Node<'_, '_>, cuts: &mut Vec<Range<usize>>, left: &mut bool) {
    for child in node.children().filter(Node::is_element) {
        if is_claim(child.tag_name().namespace()) {
            cuts.push(child.range());
            continue;
        }
        for attribute in child.attributes() {
            if is_claim(attribute.namespace()) {
                cuts.push(attribute.range());
            } else if attribute.namespace() != Some(RDF) && child.tag_name().namespace() == Some(RDF) {
                *left = true;
            }
        }
        let is_frame = child.tag_name().namespace() == Some(RDF) || child.tag_name().name() == "xmpmeta";
        *left |= !is_frame;
        walk(child, cuts, left);
    }
}

/// Removes ranges, which do not overlap.
fn without(text: &str, mut cuts: Vec<Range<usize>>) -> String {
    cuts.sort_by_key(|cut| cut.start);
    let mut rest = String::with_capacity(text.len());
    let mut at = 0;
    for cut in cuts {
        rest.push_str(text.get(at..cut.start).unwrap_or_default());
        at = cut.end;
    }
    rest.push_str(text.get(at..).unwrap_or_default());
    rest
}

/// Removes declarations of a namespace: `xmlns:prefix="uri"`, with either kind of quotes.
fn undeclared(text: &str, uri: &str) -> String {
    let mut cuts = Vec::new();
    for (at, _) in text.match_indices(uri) {
        let end = at + uri.len();
        let quote = text[..at].chars().next_back().filter(|quote| is_quote(*quote));
        let closed = quote.is_some() && text[end..].chars().next() == quote;
        if let Some(start) = closed.then(|| declaration(&text[..at - 1])).flatten() {
            cuts.push(start..end + 1);
        }
    }
    without(text, cuts)
}

fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\'')
}

/// Start of a declaration `xmlns:prefix=` at the end of a text. Only the last attribute is scanned, so the total time
/// is linear in the number of attributes.
fn declaration(before: &str) -> Option<usize> {
    let name = before.trim_end().strip_suffix('=')?.trim_end();
    let start = name.rfind(|character: char| character.is_ascii_whitespace() || is_quote(character));
    let start = start.map_or(0, |end| end + 1);
    name[start..].starts_with("xmlns:").then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: &str = r#"xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0""#;
    const LIST: &str = r#"<C:Directory xmlns:C='http://ns.google.com/photos/1.0/container/' xmlns:I="http://ns.google.com/photos/1.0/container/item/"><rdf:Seq><rdf:li rdf:parseType="Resource"><C:Item I:Semantic="GainMap" I:Mime="image/jpeg" I:Length="3205"/></rdf:li></rdf:Seq></C:Directory>"#;

    fn packet(attributes: &str, children: &str) -> String {
        format!(
            r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="" {attributes}>{children}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#
        )
    }

    #[test]
    fn gain_map_properties_are_removed_and_the_rest_is_kept() {
        let title = r#"<dc:title xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt><rdf:li>Pärk</rdf:li></rdf:Alt></dc:title>"#;
        let rating = r#"xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="3""#;
        let element =
            r#"<hdrgm:GainMapMax xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/">2.5</hdrgm:GainMapMax>"#;
        for (attributes, children, kept) in [
            (CLAIM.to_owned(), LIST.to_owned(), None),
            (CLAIM.to_owned(), String::new(), None),
            (String::new(), element.to_owned(), None),
            (format!("{CLAIM} {rating}"), LIST.to_owned(), Some("xmp:Rating=\"3\"")),
            (format!("{rating} {CLAIM}"), format!("{title}{LIST}{element}"), Some("Pärk")),
            (CLAIM.to_owned(), format!("{LIST}{title}"), Some("Pärk")),
        ] {
            let cleaned = cleaned(packet(&attributes, &children).as_bytes());
            let Some(kept) = kept else {
                assert_eq!(cleaned, Cleaned::Nothing, "{attributes} {children}");
                continue;
            };
            let Cleaned::Text(text) = cleaned else { panic!("{cleaned:?}") };
            for gone in ["hdrgm", "hdr-gain-map", "GainMap", "container", "Directory"] {
                assert!(!text.contains(gone), "{gone} in {text}");
            }
            assert!(text.contains(kept) && Document::parse(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn other_packets_are_kept_and_broken_ones_removed() {
        assert_eq!(cleaned(packet("", LIST).as_bytes()), Cleaned::Same);
        assert_eq!(cleaned(b"no XMP"), Cleaned::Same);
        assert_eq!(cleaned(&packet(CLAIM, "<open>").into_bytes()), Cleaned::Nothing);
        assert_eq!(cleaned(&[packet(CLAIM, "").as_bytes(), b"\xff"].concat()), Cleaned::Nothing);
    }

    #[test]
    fn only_declarations_are_cut() {
        let uri = "a:b/";
        for (text, left) in [
            (r#"<a xmlns:x="a:b/" y="1"/>"#, r#"<a  y="1"/>"#),
            ("<a xmlns:x = 'a:b/'/>", "<a />"),
            ("<a\u{a0}xmlns:x='a:b/'/>", "<a\u{a0}xmlns:x='a:b/'/>"),
            (r#"<a xmlns:x="c" y="a:b/"/>"#, r#"<a xmlns:x="c" y="a:b/"/>"#),
            (r#"<a xmlns:x="a:b/c" z="a:b/'/>"#, r#"<a xmlns:x="a:b/c" z="a:b/'/>"#),
            (r#""a:b/""#, r#""a:b/""#),
            ("a:b/", "a:b/"),
        ] {
            assert_eq!(undeclared(text, uri), left);
        }
    }
}
