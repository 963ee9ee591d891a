//! The rules of the house that the compiler does not check, checked together, each problem named with its file.

mod arrows;
mod code;
mod files;
mod params;
mod tree;
mod words;

use std::fmt;

use anyhow::{Result, bail, ensure};

use self::tree::Tree;

/// A broken rule and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    /// Relative to the workspace.
    path: String,
    /// Counted from 1; none when the file as a whole breaks the rule.
    line: Option<usize>,
    /// What is wrong and what was expected.
    rule: String,
}

impl Problem {
    fn of_file(path: &str, rule: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, rule: rule.into() }
    }

    fn at_line(path: &str, line: usize, rule: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), rule: rule.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.rule),
            None => write!(f, "{}: {}", self.path, self.rule),
        }
    }
}

/// Checks the workspace; all problems come in one error.
pub fn run(arguments: &[String]) -> Result<()> {
    ensure!(arguments.is_empty(), "expected no arguments, got {arguments:?}");
    let problems = problems(&Tree::read(&crate::workspace())?);
    if problems.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    bail!("{} problems:\n{}", lines.len(), lines.join("\n"))
}

fn problems(tree: &Tree) -> Vec<Problem> {
    let rules = [arrows::check, files::check, params::check, words::check];
    let mut found: Vec<Problem> = rules.iter().flat_map(|rule| rule(tree)).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        if let Err(error) = run(&[]) {
            panic!("{error}");
        }
    }

    #[test]
    fn problems_are_sorted_and_name_their_place() {
        let tree = Tree::of(&[
            ("crates/vips/src/utils.rs", "//! x\n"),
            ("crates/pixmill/src/a.rs", "//! x\nfn get_it() {}\nunsafe fn b() {}\n"),
        ]);
        let found: Vec<String> = problems(&tree).iter().map(Problem::to_string).collect();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("crates/pixmill/src/a.rs:2: "), "{found:?}");
        assert!(found[1].starts_with("crates/pixmill/src/a.rs:3: "), "{found:?}");
        assert!(found[2].starts_with("crates/vips/src/utils.rs: "), "{found:?}");
    }
}
