//! The Markdown pages of the repository, and the check that their links lead somewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::markdown::{Page, read};

/// Folders that contain no pages of the project, by name.
const NOT_OURS: [&str; 6] = ["target", "vendor", "node_modules", "artifacts", "corpus", "__pycache__"];

/// The folder of the book.
pub const BOOK: &str = "docs/";

/// The table of contents of the book.
pub const CONTENTS: &str = "docs/SUMMARY.md";

/// A page with its text.
pub struct Source {
    pub text: String,
    pub page: Page,
}

/// All pages by their path in the repository.
pub struct Pages {
    root: PathBuf,
    pages: BTreeMap<String, Source>,
}

impl Pages {
    /// Reads all pages below a folder.
    pub fn read(root: &Path) -> Result<Self> {
        let mut pages = Self { root: root.to_path_buf(), pages: BTreeMap::new() };
        pages.read_folder(root)?;
        Ok(pages)
    }

    fn read_folder(&mut self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() && !name.starts_with('.') && !NOT_OURS.contains(&&*name) {
                self.read_folder(&path)?;
            } else if Path::new(&*name).extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path)?;
                let page = read(&text);
                let path = path.strip_prefix(&self.root)?.to_string_lossy().into_owned();
                self.pages.insert(path, Source { text, page });
            }
        }
        Ok(())
    }

    /// A page.
    pub fn get(&self, path: &str) -> Option<&Source> {
        self.pages.get(path)
    }

    /// The pages that the table of contents lists, in its order, with their titles there.
    pub fn listed(&self) -> Result<Vec<(String, String)>> {
        let Some(contents) = self.pages.get(CONTENTS) else { bail!("there is no {CONTENTS}") };
        let title = |link: &super::markdown::Link| {
            let before = &contents.text[..link.range.start - 2];
            before.rsplit('[').next().unwrap_or_default().to_owned()
        };
        let links = contents.page.links.iter();
        links.map(|link| Ok((resolve(CONTENTS, &link.target)?, title(link)))).collect()
    }

    /// What is wrong with the links, and with the table of contents: one line for each.
    pub fn problems(&self) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        for (path, source) in &self.pages {
            for link in &source.page.links {
                let line = source.text[..link.range.start].lines().count();
                if let Err(error) = self.check(path, link) {
                    problems.push(format!("{path}:{line}: {}: {error}", link.target));
                }
            }
        }
        let listed = self.listed()?;
        for path in self.pages.keys().filter(|path| path.starts_with(BOOK) && *path != CONTENTS) {
            if !listed.iter().any(|(page, _)| page == path) {
                problems.push(format!("{path}: is not in {CONTENTS}"));
            }
        }
        Ok(problems)
    }

    fn check(&self, page: &str, link: &super::markdown::Link) -> Result<()> {
        let Some((file, anchor)) = link.parts() else { return Ok(()) };
        let path = if file.is_empty() { page.to_owned() } else { resolve(page, file)? };
        if !self.root.join(&path).exists() {
            bail!("there is no {path}");
        }
        match self.pages.get(&path) {
            Some(source)
                if !anchor.is_empty() && !source.page.anchors.iter().any(|known| known == anchor) =>
            {
                bail!("{path} has no heading #{anchor}")
            }
            _ => Ok(()),
        }
    }
}

/// The path in the repository of a link on a page.
pub fn resolve(page: &str, target: &str) -> Result<String> {
    let mut parts: Vec<String> = page.split('/').map(str::to_owned).collect();
    parts.pop();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir if parts.pop().is_none() => bail!("leads out of the repository"),
            Component::ParentDir | Component::CurDir => {}
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            _ => bail!("expected a relative path"),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Pages::read(folder.path()).unwrap().problems().unwrap()
    }

    #[test]
    fn dead_links_and_unlisted_pages_are_reported() {
        let found = problems(&[
            ("docs/SUMMARY.md", "- [A](a.md)\n- [Z](z.md)\n"),
            ("docs/a.md", "# A\n\n[a](#a) [b](b.md#b) [c](b.md#c) [r](../README.md) [x](../../x)\n"),
            ("docs/b.md", "# B\n\n![](b.png)\n"),
            ("README.md", "[docs](docs) [none](none/)"),
        ]);
        assert_eq!(
            found,
            [
                "README.md:1: none/: there is no none",
                "docs/SUMMARY.md:2: z.md: there is no docs/z.md",
                "docs/a.md:3: b.md#c: docs/b.md has no heading #c",
                "docs/a.md:3: ../../x: leads out of the repository",
                "docs/b.md:3: b.png: there is no docs/b.png",
                "docs/b.md: is not in docs/SUMMARY.md",
            ]
        );
    }

    #[test]
    fn links_are_relative_to_their_page() {
        assert_eq!(resolve("docs/adr/a.md", "../b.md").unwrap(), "docs/b.md");
        assert_eq!(resolve("README.md", "docs/").unwrap(), "docs");
        assert!(resolve("README.md", "/etc").is_err());
    }
}
