//! Tests the first recipe of CONTRIBUTING.md in a scratch copy of the sources: a parameter with a grammar of its own
//! needs one file, its `mod` line and its line in the table, and then works.
//!
//! The file is a copy of an existing parameter under another name, so that the recipe follows the code.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace::workspace;

/// Path of the copy.
const SCRATCH: &str = "target/recipe";

/// Folder of the parameters, in the workspace.
const PARAMS: &str = "crates/image-api/src/params";

/// The files of the workspace that the crate needs to be built alone.
const COPIED: [&str; 5] =
    ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "crates/config-types", "crates/image-api"];

/// The parameter that is copied: its folder, its name and its type.
const MODEL: (&str, &str, &str) = ("tone", "gamma", "Gamma");

/// The name and the type of the copy.
const ADDED: (&str, &str) = ("tinkering", "Tinkering");

/// A test of the new parameter: by its name, in base64, in the canonical form, and out of range.
const TEST: &str = "
#[cfg(test)]
mod recipe {
    use super::Params;

    #[test]
    fn the_new_parameter_answers() {
        let read = |query: &str| Params::parse(query).unwrap();
        assert_eq!(read(\"tinkering=.5&width=9\").params.canonical(), \"width=9&tinkering=0.5\");
        assert_eq!(read(\"tinkering64=MC41\").params, read(\"tinkering=0.5\").params);
        assert_eq!(read(\"tinkering=7\").clamped, [\"tinkering\"]);
        assert!(read(\"tinkering=0\").params.is_empty());
        assert!(Params::parse(\"tinkering=much\").is_err());
        assert!(super::lookup(\"tinkering\").is_some());
    }
}
";

/// Copies, adds the parameter, and runs its tests.
pub fn run(arguments: &[String]) -> Result<()> {
    ensure!(arguments.is_empty(), "expected no arguments, got {arguments:?}");
    let root = workspace();
    let sources = root.join(SCRATCH);
    if sources.exists() {
        fs::remove_dir_all(&sources)?;
    }
    for path in COPIED {
        copy(&root.join(path), &sources.join(path))?;
    }
    add_parameter(&sources.join(PARAMS))?;
    let status = Command::new("cargo")
        .args(["test", "--quiet", "--offline", "--package", "image-api", "--lib"])
        .args(["--", "recipe", ADDED.0])
        // dependencies are those of the workspace, already built
        .env("CARGO_TARGET_DIR", root.join("target"))
        .current_dir(&sources)
        .status()?;
    ensure!(status.success(), "the recipe does not work; the copy is in {SCRATCH}");
    Ok(())
}

/// One file, its `mod` line, its line in the table, and the test.
fn add_parameter(params: &Path) -> Result<()> {
    let (folder, model, model_type) = MODEL;
    let (name, added_type) = ADDED;
    let file = fs::read_to_string(params.join(folder).join(format!("{model}.rs")))?;
    let file = file.replace(model_type, added_type).replace(model, name);
    fs::write(params.join(folder).join(format!("{name}.rs")), file)?;

    let table = params.join("mod.rs");
    let text = fs::read_to_string(&table)?;
    let text = with_line(&text, &format!("    pub mod {model};"), &format!("    pub mod {name};"))?;
    let entry = |name: &str, of_type: &str| format!("{name}: {folder}::{name}::{of_type},");
    let text = with_line(&text, &entry(model, model_type), &entry(name, added_type))?;
    Ok(fs::write(table, text + TEST)?)
}

/// The text with a line added after the one that contains `after`.
fn with_line(text: &str, after: &str, line: &str) -> Result<String> {
    let at = text.find(after).with_context(|| format!("no line '{after}'"))?;
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    Ok(format!("{}\n{line}{}", &text[..end], &text[end..]))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_after_their_model() {
        assert_eq!(with_line("a\nmod b;\nc", "mod b;", "mod d;").unwrap(), "a\nmod b;\nmod d;\nc");
        assert_eq!(with_line("mod b;", "mod b;", "mod d;").unwrap(), "mod b;\nmod d;");
        assert!(with_line("a", "mod b;", "mod d;").is_err());
    }
}
