//! Puts the book's sources together: the pages of `docs/`, and under `repository/` all that they link to elsewhere.
//!
//! On GitHub, pages link to files of the whole repository. A book can only contain what lies in its own folder.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::markdown::Link;
use super::pages::{BOOK, CONTENTS, Pages, Source, resolve};

/// Where folders without a page can be seen.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Where in the book files from outside of `docs/` are.
const OUTSIDE: &str = "repository/";

/// Writes the sources of the book to this folder.
pub fn stage(root: &Path, pages: &Pages, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    let listed = pages.listed()?;
    let mut queue: VecDeque<String> = listed.iter().map(|(path, _)| path.clone()).collect();
    let mut done: BTreeSet<String> = queue.iter().cloned().collect();
    let mut further = Vec::new();
    while let Some(path) = queue.pop_front() {
        let Some(source) = pages.get(&path) else {
            copy(&root.join(&path), &to.join(place(&path)))?;
            continue;
        };
        if !path.starts_with(BOOK) {
            further.push((path.clone(), source.page.title.clone()));
        }
        for target in targets(root, &path, source)? {
            if done.insert(target.clone()) {
                queue.push_back(target);
            }
        }
        write(&to.join(place(&path)), &moved(root, &path, source)?)?;
    }
    let contents = pages.get(CONTENTS).map(|source| moved(root, CONTENTS, source));
    write(&to.join("SUMMARY.md"), &(contents.unwrap_or(Ok(String::new()))? + &part(further)?))?;
    copy(&root.join("docs/book.toml"), &to.join("book.toml"))
}

/// The files of the repository that a page links to.
fn targets(root: &Path, path: &str, source: &Source) -> Result<Vec<String>> {
    let files = source.page.links.iter().filter_map(Link::parts).filter(|(file, _)| !file.is_empty());
    let targets = files.map(|(file, _)| Ok(page_or_file(root, resolve(path, file)?)));
    let mut targets: Vec<String> = targets.collect::<Result<_>>()?;
    targets.retain(|target| root.join(target).is_file());
    Ok(targets)
}

/// The text of a page with its links as they are in the book.
fn moved(root: &Path, path: &str, source: &Source) -> Result<String> {
    let mut text = source.text.clone();
    let mut links: Vec<&Link> = source.page.links.iter().collect();
    links.sort_by_key(|link| link.range.start);
    // from the end, so that the other ranges stay right
    for link in links.into_iter().rev() {
        let Some((file, anchor)) = link.parts().filter(|(file, _)| !file.is_empty()) else { continue };
        let target = page_or_file(root, resolve(path, file)?);
        let hash = if anchor.is_empty() { "" } else { "#" };
        let address = if root.join(&target).is_dir() {
            format!("{REPOSITORY}/tree/main/{target}")
        } else {
            relative(&place(path), &place(&target))
        };
        text.replace_range(link.range.clone(), &format!("{address}{hash}{anchor}"));
    }
    Ok(text)
}

/// The part of the table of contents with the pages from outside.
fn part(mut further: Vec<(String, String)>) -> Result<String> {
    further.sort();
    let mut text = String::from("\n# Repository\n\n");
    for (path, title) in further {
        writeln!(text, "- [{title}]({})", place(&path))?;
    }
    Ok(text)
}

/// A folder stands for its README.
fn page_or_file(root: &Path, path: String) -> String {
    let readme = format!("{path}/README.md");
    if root.join(&readme).is_file() { readme } else { path }
}

/// Where a file of the repository is in the book.
fn place(path: &str) -> String {
    let place = path.strip_prefix(BOOK).map_or_else(|| format!("{OUTSIDE}{path}"), str::to_owned);
    // the page of a folder is its index.html, and mdBook changes only the names of files, not the links to them
    place.strip_suffix("README.md").map_or(place.clone(), |folder| format!("{folder}index.md"))
}

/// The link from one place in the book to another.
fn relative(from: &str, to: &str) -> String {
    let folders: Vec<&str> = from.split('/').collect();
    let (_, folders) = folders.split_last().expect("invariant: a split text has a part");
    let parts: Vec<&str> = to.split('/').collect();
    let shared = folders.iter().zip(&parts).take_while(|(one, other)| one == other).count();
    let shared = shared.min(parts.len() - 1);
    "../".repeat(folders.len() - shared) + &parts[shared..].join("/")
}

fn write(to: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(to.parent().expect("invariant: files of the book lie in its folder"))?;
    fs::write(to, text).with_context(|| format!("cannot write {}", to.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().expect("invariant: files of the book lie in its folder"))?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_from_place_to_place() {
        assert_eq!(relative("a.md", "b.md"), "b.md");
        assert_eq!(relative("adr/a.md", "b.md"), "../b.md");
        assert_eq!(relative("adr/a.md", "adr/b.md"), "b.md");
        assert_eq!(relative("a.md", "repository/samples/c.jpg"), "repository/samples/c.jpg");
        assert_eq!(relative("repository/loadtests/README.md", "performance.md"), "../../performance.md");
    }

    #[test]
    fn what_pages_link_to_is_in_the_book() {
        let folder = tempfile::tempdir().unwrap();
        let (root, to) = (folder.path().join("root"), folder.path().join("book"));
        for (path, text) in [
            ("docs/book.toml", ""),
            ("docs/SUMMARY.md", "- [A](a.md)\n"),
            ("docs/a.md", "# A\n\n[![](../s/p.png)](../s/q.png#x) [S](../s/)\n"),
            ("s/README.md", "# S\n\n[a](../docs/a.md#a) [b](https://b)\n"),
            ("s/p.png", "p"),
            ("s/q.png", "q"),
        ] {
            write(&root.join(path), text).unwrap();
        }
        stage(&root, &Pages::read(&root).unwrap(), &to).unwrap();
        let read = |path: &str| fs::read_to_string(to.join(path)).unwrap();
        assert_eq!(
            read("a.md"),
            "# A\n\n[![](repository/s/p.png)](repository/s/q.png#x) [S](repository/s/index.md)\n"
        );
        assert_eq!(read("repository/s/index.md"), "# S\n\n[a](../../a.md#a) [b](https://b)\n");
        assert_eq!(read("repository/s/p.png") + &read("repository/s/q.png"), "pq");
        assert_eq!(read("SUMMARY.md"), "- [A](a.md)\n\n# Repository\n\n- [S](repository/s/index.md)\n");
    }
}
