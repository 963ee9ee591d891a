//! `docs/llms.txt`: the index of the book for language models, in the format of llmstxt.org.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use super::pages::{BOOK, CONTENTS, Pages};

/// What the index begins with.
const HEAD: &str = "# Pixmill\n\n> An image proxy between an origin (a web server, a bucket or a folder) and a CDN: \
                    `GET /photo.jpg?width=400&crop=fit&format=auto` answers with the image in that size and format. \
                    Parameters are in the query string.\n\nThe machine-readable description of all parameters is \
                    [openapi.json](openapi.json). `pixmill explain 'PATH?QUERY'` says in words what a request does. \
                    Pages:\n";

/// The index: parts and pages as in the table of contents, each page with the first sentence of its text.
pub fn index(pages: &Pages) -> Result<String> {
    let mut text = String::from(HEAD);
    let contents = &pages.get(CONTENTS).with_context(|| format!("there is no {CONTENTS}"))?.text;
    let mut listed = pages.listed()?.into_iter();
    for line in contents.lines() {
        if let Some(part) = line.strip_prefix("# ").filter(|part| *part != "Summary") {
            writeln!(text, "\n## {part}\n")?;
        } else if line.contains("](") {
            let (path, title) = listed.next().context("more links than pages")?;
            let page = &pages.get(&path).with_context(|| format!("there is no {path}"))?.page;
            let file = path.strip_prefix(BOOK).unwrap_or(&path);
            writeln!(text, "- [{title}]({file}): {}", sentence(&page.summary))?;
        }
    }
    Ok(text)
}

/// The first sentence of a text.
fn sentence(text: &str) -> &str {
    let ends = text.match_indices(['.', ':', '!', '?']).map(|(at, _)| at);
    let mut ends = ends.filter(|at| text[at + 1..].starts_with(' ') && *at > 2);
    ends.next().map_or(text, |at| &text[..=at]).trim_end_matches(':')
}

#[test]
fn a_sentence_ends_at_a_space() {
    assert_eq!(sentence("How to use `a.b=1`. More."), "How to use `a.b=1`.");
    assert_eq!(sentence("One"), "One");
}
