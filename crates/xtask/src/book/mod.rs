//! The book: checks the links of all pages, builds the HTML with mdBook, and checks the links of the result.

mod html;
mod llms;
mod markdown;
mod pages;
mod stage;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

pub use self::{llms::index, pages::Pages};
use crate::workspace::workspace;

/// mdBook, as `vendor-scripts/vendor.sh mdbook` puts it.
const MDBOOK: &str = "target/tools/mdbook";

/// The sources of the book, put together.
const SOURCES: &str = "target/book-sources";

/// The built book.
const BUILT: &str = "target/book";

/// Checks, builds, and checks again.
pub fn run(arguments: &[String]) -> Result<()> {
    ensure!(arguments.is_empty(), "expected no arguments, got {arguments:?}");
    let root = workspace();
    let pages = Pages::read(&root)?;
    refuse(&pages.problems()?)?;
    if !root.join(MDBOOK).is_file() {
        eprintln!(
            "book: links checked; HTML not built: mdBook is not installed (`vendor-scripts/vendor.sh mdbook`)"
        );
        return Ok(());
    }
    stage::stage(&root, &pages, &root.join(SOURCES))?;
    build(&root)?;
    refuse(&html::problems(&root.join(BUILT))?)?;
    eprintln!("book: {BUILT}/index.html");
    Ok(())
}

fn build(root: &Path) -> Result<()> {
    let mut command = Command::new(root.join(MDBOOK));
    command.arg("build").arg(root.join(SOURCES)).arg("--dest-dir").arg(root.join(BUILT));
    let output = command.output().context("cannot run mdBook")?;
    let said = String::from_utf8_lossy(&output.stderr);
    // a warning is a defect of a page
    let warnings: Vec<&str> =
        said.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    ensure!(output.status.success() && warnings.is_empty(), "mdBook:\n{said}");
    Ok(())
}

fn refuse(problems: &[String]) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    bail!("{} problems:\n{}", problems.len(), problems.join("\n"))
}
