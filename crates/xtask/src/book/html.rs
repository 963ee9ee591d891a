//! The check of the built book: every address in its HTML leads to a file of it, and every fragment to an element.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Pages that mdBook makes, whose links are those of other pages, or relative to the root of a site.
const GENERATED: [&str; 3] = ["print.html", "404.html", "toc.html"];

/// What is wrong with the links of the built book: one line for each.
pub fn problems(book: &Path) -> Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    read(book, book, &mut pages)?;
    let ids: BTreeMap<&PathBuf, HashSet<String>> =
        pages.iter().map(|(path, html)| (path, values(html, " id=\"").into_iter().collect())).collect();
    let mut problems = Vec::new();
    for (path, html) in &pages {
        for link in [" href=\"", " src=\""].iter().flat_map(|name| values(html, name)) {
            if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
                continue;
            }
            let (file, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = normal(&if file.is_empty() { path.clone() } else { path.with_file_name(file) });
            let leads = book.join(&target).is_file();
            let has_id = fragment.is_empty() || ids.get(&target).is_none_or(|ids| ids.contains(fragment));
            if !leads || !has_id {
                problems.push(format!("{}: {link} leads nowhere", path.display()));
            }
        }
    }
    Ok(problems)
}

fn read(book: &Path, folder: &Path, pages: &mut BTreeMap<PathBuf, String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            read(book, &path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html")
            && !GENERATED.contains(&name.as_str())
        {
            pages.insert(path.strip_prefix(book)?.to_path_buf(), fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// The values of an attribute of all tags, given with the space before it and the quotation mark behind. Text is no tag,
/// even if it shows HTML.
fn values(html: &str, name: &str) -> Vec<String> {
    let tags = html.split('<').skip(1).filter_map(|part| part.split('>').next());
    let values = tags.filter_map(|tag| tag.split(name).nth(1)?.split('"').next());
    values.map(|value| value.replace("&amp;", "&").replace("%20", " ")).collect()
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

#[test]
fn dead_addresses_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    fs::write(
        folder.path().join("a.html"),
        "<p id=\"x\"><a href=\"#x\"><a href=\"b/c.html#y\">&lt;a href=\"/z\">",
    )
    .unwrap();
    fs::write(
        folder.path().join("b/c.html"),
        "<img src=\"d.png\"><a href=\"../a.html#x\"><a href=\"https://e\">",
    )
    .unwrap();
    let found = problems(folder.path()).unwrap();
    assert_eq!(found, ["a.html: b/c.html#y leads nowhere", "b/c.html: d.png leads nowhere"]);
}
