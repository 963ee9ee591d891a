//! Links and headings of a Markdown page.

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Attributes of HTML whose value is the address of a file.
const ADDRESSES: [&str; 3] = ["src=\"", "href=\"", "srcset=\""];

/// A link or an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it leads to, as written.
    pub target: String,
    /// Where that is written in the text of the page, in bytes.
    pub range: Range<usize>,
}

impl Link {
    /// The file and the anchor that a relative link leads to, either of them empty; `None` for addresses of other sites.
    pub fn parts(&self) -> Option<(&str, &str)> {
        let is_url = self.target.contains("://") || self.target.starts_with("mailto:");
        (!is_url).then(|| self.target.split_once('#').unwrap_or((&self.target, "")))
    }
}

/// A page, as far as checks and the book need it.
#[derive(Debug, Default)]
pub struct Page {
    /// Links and images in their order.
    pub links: Vec<Link>,
    /// The anchors of its headings, as GitHub makes them.
    pub anchors: Vec<String>,
    /// The text of the first heading.
    pub title: String,
    /// The text of the first paragraph.
    pub summary: String,
}

/// Reads a page. Code has no links.
pub fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut heading: Option<String> = None;
    let mut paragraph: Option<String> = None;
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.extend(link(text, &dest_url, range));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                page.links.extend(attributes(&html, range.start));
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Start(Tag::Paragraph) if page.summary.is_empty() => paragraph = Some(String::new()),
            Event::Text(part) | Event::Code(part) => {
                for open in [&mut heading, &mut paragraph].into_iter().flatten() {
                    open.push_str(&part);
                }
            }
            Event::SoftBreak => paragraph.iter_mut().for_each(|open| open.push(' ')),
            Event::End(TagEnd::Heading(_)) => {
                let text = heading.take().unwrap_or_default();
                let anchor = anchor(&text);
                let number = seen.entry(anchor.clone()).or_default();
                page.anchors.push(if *number == 0 { anchor } else { format!("{anchor}-{number}") });
                *number += 1;
                if page.title.is_empty() {
                    page.title = text;
                }
            }
            Event::End(TagEnd::Paragraph) => {
                if let Some(text) = paragraph.take() {
                    page.summary = text;
                }
            }
            _ => {}
        }
    }
    page
}

/// The link with this target in a range of the text; the last occurrence, since a link may contain an image.
fn link(text: &str, target: &str, range: Range<usize>) -> Option<Link> {
    let start = range.start + text[range].rfind(&format!("]({target}"))? + 2;
    Some(Link { target: target.to_owned(), range: start..start + target.len() })
}

/// The addresses in a piece of HTML that begins at this offset.
fn attributes(html: &str, offset: usize) -> Vec<Link> {
    let values = ADDRESSES.iter().flat_map(|name| html.match_indices(name));
    let links = values.filter_map(|(at, name)| {
        let start = at + name.len();
        let target = html[start..].split('"').next()?.to_owned();
        Some(Link { range: offset + start..offset + start + target.len(), target })
    });
    links.collect()
}

/// The anchor that GitHub gives to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_where_they_are_written() {
        let text = "a [b](c.md#d) `[e](f)` [![](g.png)](h.md)\n\n```text\n[i](j)\n```\n\n<img src=\"k.png\">\n\n[l](https://m)\n";
        let page = read(text);
        let targets: Vec<_> = page.links.iter().map(|link| link.target.as_str()).collect();
        assert_eq!(targets, ["c.md#d", "h.md", "g.png", "k.png", "https://m"]);
        for link in &page.links {
            assert_eq!(&text[link.range.clone()], link.target);
        }
        assert_eq!(page.links[0].parts(), Some(("c.md", "d")));
        assert_eq!(page.links[4].parts(), None);
    }

    #[test]
    fn anchors_are_those_of_github() {
        let page = read("# A `b_c`, d!\n\nFirst\n*line*. Second.\n\n## E\n\n## E\n\n## Why 404?\n");
        assert_eq!(page.anchors, ["a-b_c-d", "e", "e-1", "why-404"]);
        assert_eq!((page.title.as_str(), page.summary.as_str()), ("A b_c, d!", "First line. Second."));
    }
}
