//! Reading the documents: fenced code blocks, and requests in inline code.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The languages of blocks, each with its own check.
pub const LANGUAGES: [&str; 13] =
    ["sh", "console", "toml", "json", "yaml", "html", "python", "js", "go", "ruby", "php", "java", "text"];

/// A fenced code block.
#[derive(Debug)]
pub struct Block {
    /// `docs/page.md:12`, for messages.
    pub place: String,
    /// The language after the fence; empty if there is none.
    pub language: String,
    /// Its lines.
    pub text: String,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every documentation page, by its path in the repository.
pub fn pages() -> Vec<(String, String)> {
    let folders = ["", "docs", "docs/migration", "docker", "loadtests", "loadtests/results", "samples"];
    let mut names: Vec<_> = folders.iter().flat_map(|folder| markdown(folder)).collect();
    names.retain(|name| name != "CHANGELOG.md");
    names.sort();
    let texts = names.into_iter().map(|name| (fs::read_to_string(root().join(&name)).unwrap(), name));
    texts.map(|(text, name)| (name, text)).collect()
}

fn markdown(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages = names.filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"));
    pages.map(|name| Path::new(folder).join(name).to_str().unwrap().to_owned()).collect()
}

/// The code blocks of all pages in this language.
pub fn blocks(language: &str) -> Vec<Block> {
    all_blocks().into_iter().filter(|block| block.language == language).collect()
}

/// The code blocks of all pages.
pub fn all_blocks() -> Vec<Block> {
    pages().iter().flat_map(|(name, text)| blocks_of(name, text)).collect()
}

fn blocks_of(name: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(language), None) => {
                let place = format!("{name}:{}", number + 1);
                open = Some(Block { place, language: language.trim().to_owned(), text: String::new() });
            }
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some(mut block)) => {
                block.text += line;
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{name}: a code block that does not end");
    blocks
}

/// Every request in inline code, such as `/photo.jpg?width=300`, and in attributes of HTML, with its place.
pub fn requests() -> Vec<(String, String)> {
    let inline = pages().into_iter().flat_map(|(name, text)| requests_of(&name, &text));
    let html = blocks("html").into_iter().flat_map(|block| requests_of_html(&block));
    inline.chain(html).collect()
}

/// The addresses of pictures in a block of HTML; those of a `srcset` are separated by commas and spaces.
fn requests_of_html(block: &Block) -> Vec<(String, String)> {
    let words = block.text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')'));
    let requests = words.map(|word| word.trim_end_matches(','));
    let requests = requests.filter(|word| word.starts_with('/') && word.contains('?'));
    requests.map(|request| (block.place.clone(), request.to_owned())).collect()
}

fn requests_of(name: &str, text: &str) -> Vec<(String, String)> {
    let lines = text.lines().enumerate();
    let codes = lines.flat_map(|(number, line)| {
        line.split('`')
            .skip(1)
            .step_by(2)
            .map(move |code| (format!("{name}:{}", number + 1), code.to_owned()))
    });
    codes
        .filter(|(_, code)| code.starts_with('/') && code.contains('?') && !code.contains(['…', ' ']))
        .collect()
}

#[test]
fn blocks_and_requests_are_found() {
    let text = "a `/b.jpg?c=1` and `d` or `/e`\n```sh\nf\ng\n```\n";
    let blocks = blocks_of("page.md", text);
    assert_eq!(blocks.len(), 1);
    assert_eq!((blocks[0].place.as_str(), blocks[0].text.as_str()), ("page.md:2", "f\ng\n"));
    assert_eq!(requests_of("page.md", text), [("page.md:1".to_owned(), "/b.jpg?c=1".to_owned())]);
    let html = Block {
        place: String::new(),
        language: "html".to_owned(),
        text: "<a src=\"/a?b=c,d\" srcset=\"/e?f 1x, /g?h\">".to_owned(),
    };
    let requests = requests_of_html(&html).into_iter().map(|(_, request)| request);
    assert_eq!(requests.collect::<Vec<_>>(), ["/a?b=c,d", "/e?f", "/g?h"]);
}
