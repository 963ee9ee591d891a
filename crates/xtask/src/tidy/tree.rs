//! The text files of the workspace in memory, so that a rule is a function of text.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::code::code_only;
use super::product::product_only;

/// Folders that contain no files of the project, by name.
const NOT_OURS: [&str; 6] = ["target", "vendor", "node_modules", "artifacts", "corpus", "__pycache__"];

/// Hidden folders that contain files of the project; others belong to tools.
const HIDDEN_OURS: [&str; 3] = [".cargo", ".ci", ".github"];

/// A text file.
pub struct File {
    /// Relative to the workspace, with `/` between the parts.
    pub path: String,
    pub text: String,
    /// For Rust: the text with comments and the contents of literals blanked, line for line; else the text.
    pub code: String,
    /// For Rust: the code without items that only tests compile, line for line; else the text.
    pub product: String,
}

impl File {
    fn new(path: String, text: String) -> Self {
        let (code, product) = if is_rust(&path) {
            let code = code_only(&text);
            let product = product_only(&code);
            (code, product)
        } else {
            (text.clone(), text.clone())
        };
        Self { path, text, code, product }
    }

    /// Whether the file is in this folder, given without a slash at its end.
    pub fn lies_in(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    pub fn is_rust(&self) -> bool {
        is_rust(&self.path)
    }

    /// The file's name without folder and extension.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.split_once('.').map_or(name, |(stem, _)| stem)
    }

    /// Whether it is a file of unit tests, by its name.
    pub fn is_test(&self) -> bool {
        self.stem() == "tests" || self.stem().ends_with("_tests")
    }

    /// Lines of code with their numbers; those of unit tests are blank.
    pub fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.product.lines())
    }

    /// Lines of code with their numbers.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.code.lines())
    }
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// Every text file that belongs to the project.
pub struct Tree {
    /// The folder that was read.
    pub root: String,
    pub files: Vec<File>,
}

impl Tree {
    /// Reads the folder recursively.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self { root: root.display().to_string(), files: Vec::new() };
        tree.read_folder(root, "")?;
        Ok(tree)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let (kind, path) = (entry.file_type()?, format!("{prefix}{name}"));
            if kind.is_dir() {
                let hidden = name.starts_with('.') && !HIDDEN_OURS.contains(&name.as_str());
                if !hidden && !NOT_OURS.contains(&name.as_str()) {
                    self.read_folder(&entry.path(), &format!("{path}/"))?;
                }
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
                // binary files, such as images, have no rules
                if let Ok(text) = String::from_utf8(bytes) {
                    self.files.push(File::new(path, text));
                }
            }
        }
        Ok(())
    }

    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File::new((*path).to_owned(), (*text).to_owned());
        Self { root: "/somewhere/pixmill".to_owned(), files: files.iter().map(file).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_lines_leave_out_the_unit_tests() {
        let file = File::new("a.rs".to_owned(), "fn a() {}\n#[cfg(test)]\nmod tests {}\nx();\n".to_owned());
        assert_eq!(
            file.product_lines().collect::<Vec<_>>(),
            [(1, "fn a() {}"), (2, ""), (3, ""), (4, "x();")]
        );
        assert_eq!(file.code_lines().count(), 4);
    }

    #[test]
    fn the_workspace_reads_as_relative_paths() {
        let tree = Tree::read(&crate::workspace::workspace()).unwrap();
        assert!(tree.files.iter().any(|file| file.path == "Cargo.toml"));
        assert!(tree.rust().any(|file| file.path == "crates/xtask/src/tidy/tree.rs"));
        assert!(!tree.files.iter().any(|file| file.lies_in("target")));
    }
}
