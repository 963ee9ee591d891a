//! Generates what the client libraries take from the server's code: their table of parameters, the TypeScript types, and the
//! test vectors that all of them share.

mod table;
mod types;
mod urls;
mod vectors;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The libraries of one file, in which the table of parameters is embedded.
const SINGLE_FILES: [&str; 5] = [
    "clients/go/pixmill.go",
    "clients/java/PixmillUrl.java",
    "clients/php/PixmillUrl.php",
    "clients/python/pixmill_url.py",
    "clients/ruby/pixmill_url.rb",
];

/// Every generated file, by its path in the repository, with its text.
pub fn files(root: &Path) -> Result<Vec<(&'static str, String)>> {
    let mut files = vec![
        ("clients/vectors.json", vectors::document()?),
        ("clients/js/src/parameters.js", types::module()),
        ("clients/js/src/parameters.d.ts", types::declarations()?),
    ];
    for path in SINGLE_FILES {
        let text = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        files.push((path, table::embedded(&text).with_context(|| path.to_owned())?));
    }
    Ok(files)
}
