//! Rewrites the root element of a document so that it fills the image that it is rendered to.
//!
//! libvips renders to whole pixels, and librsvg fits a document of another aspect ratio inside, centred: 97.13 pixels
//! in an image of 97 leave translucent edges. Here the root is given the size that it states anyway, and is stretched
//! to the image; the difference is less than a pixel.

use std::{io::Write, ops::Range};

use bytes::Bytes;

use crate::{cost::header::svg, size::Extent};

/// Attributes that are rewritten.
const SIZED: [&[u8]; 4] = [b"width", b"height", b"viewBox", b"preserveAspectRatio"];

/// Relative difference of the aspect ratios of `viewBox` and document up to which it is stretched. Where they differ
/// more, `preserveAspectRatio` is meant to decide.
const SAME_SHAPE: f64 = 1e-3;

/// Smallest side that librsvg accepts as a size, in pixels.
const LEAST_SIDE: f64 = 0.5;

/// A document with a rewritten root.
#[derive(Debug, PartialEq)]
pub(super) struct StretchedRoot {
    pub text: Bytes,
    /// The factor on the stated size: more than 1 if that is too small to be a size.
    pub factor: f64,
}

/// The factor by which a document must be enlarged to have a size at all.
pub(super) fn factor(stated: Extent) -> f64 {
    let least = stated.width.min(stated.height);
    if least < LEAST_SIDE { 1.0 / least } else { 1.0 }
}

/// Rewrites the root element. `None` where that could change the result, or if the root cannot be parsed.
pub(super) fn stretched(text: &[u8], stated: Extent) -> Option<StretchedRoot> {
    let Range { start, end } = svg::root_place(text)?;
    let tag = &text[start..end];
    let (name, attributes) = attributes(tag)?;
    let view = attributes.iter().find(|attribute| attribute.name == b"viewBox");
    if let Some(view) = view {
        let (width, height) = svg::view(view.value)?;
        let difference = (width / height) / (stated.width / stated.height) - 1.0;
        if difference.abs() > SAME_SHAPE {
            return None;
        }
    }
    let factor = factor(stated);
    let Extent { width, height } = stated.scaled(factor);
    let mut whole = Vec::with_capacity(text.len() + 128);
    whole.extend(&text[..start]);
    whole.extend(&tag[..name]);
    write!(whole, " width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" viewBox=\"").ok()?;
    match view {
        Some(view) => whole.extend(view.value),
        None => write!(whole, "0 0 {} {}", stated.width, stated.height).ok()?,
    }
    whole.push(b'"');
    for attribute in attributes.iter().filter(|attribute| !SIZED.contains(&attribute.name)) {
        whole.push(b' ');
        whole.extend(&tag[attribute.place.clone()]);
    }
    let is_empty = tag.trim_ascii_end().ends_with(b"/");
    whole.extend(if is_empty { b"/".as_slice() } else { b"" });
    whole.extend(&text[end..]);
    Some(StretchedRoot { text: whole.into(), factor })
}

struct Attribute<'t> {
    name: &'t [u8],
    value: &'t [u8],
    /// Its range in the tag.
    place: Range<usize>,
}

/// The length of an element's name, and its attributes; `None` on a syntax error.
fn attributes(tag: &[u8]) -> Option<(usize, Vec<Attribute<'_>>)> {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
    let name = tag.iter().position(is_end).unwrap_or(tag.len());
    let mut found = Vec::new();
    let mut at = name;
    loop {
        at += space(&tag[at..]);
        if matches!(&tag[at..], [] | [b'/']) {
            return Some((name, found));
        }
        let start = at;
        at += tag[at..].iter().position(|byte| *byte == b'=' || byte.is_ascii_whitespace())?;
        let end = at;
        at += space(&tag[at..]);
        tag.get(at).filter(|byte| **byte == b'=')?;
        at += 1 + space(&tag[at + 1..]);
        let quote = *tag.get(at).filter(|byte| matches!(byte, b'"' | b'\''))?;
        let length = tag[at + 1..].iter().position(|byte| *byte == quote)?;
        let value = &tag[at + 1..at + 1 + length];
        at += length + 2;
        // a value that contains the other kind of quotes would end early
        let value = if value.contains(&b'"') && tag[start..end] == *b"viewBox" { return None } else { value };
        found.push(Attribute { name: &tag[start..end], value, place: start..at });
    }
}

fn space(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str, width: f64, height: f64) -> Option<String> {
        let stretched = stretched(text.as_bytes(), Extent { width, height })?;
        Some(String::from_utf8(stretched.text.to_vec()).unwrap())
    }

    #[test]
    fn roots_are_rewritten() {
        for (text, (width, height), expected) in [
            (
                "<!-- <svg> --><svg width='15.75pt' a:b=\"'\" height = '18'><g/></svg>",
                (15.75, 18.0),
                "<!-- <svg> --><svg width=\"15.75\" height=\"18\" preserveAspectRatio=\"none\" viewBox=\"0 0 15.75 18\" a:b=\"'\"><g/></svg>",
            ),
            (
                "<s:svg viewBox='1 2 30,40' preserveAspectRatio='xMinYMin'/>",
                (30.0, 40.0),
                "<s:svg width=\"30\" height=\"40\" preserveAspectRatio=\"none\" viewBox=\"1 2 30,40\"/>",
            ),
            (
                "<svg viewBox='0 0 .2 .1'></svg>",
                (0.2, 0.1),
                "<svg width=\"2\" height=\"1\" preserveAspectRatio=\"none\" viewBox=\"0 0 .2 .1\"></svg>",
            ),
        ] {
            assert_eq!(written(text, width, height).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "<svg width='30' height='30' viewBox='0 0 30 40'/>",
            "<svg width='30' height=40/>",
            "<svg width='30' height='40' what/>",
            "<svg width='30' height='40",
            "<g/>",
        ] {
            assert_eq!(written(text, 30.0, 30.0), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_roots_do_not_panic(tail: Vec<u8>) {
            let _ = stretched(&[b"<svg width='2' ".as_slice(), &tail].concat(), Extent { width: 2.0, height: 3.0 });
        }
    }
}
