//! A problem: a broken rule and its place.

use std::fmt;

/// A broken rule and its place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Relative to the workspace.
    pub path: String,
    /// From 1; `None` if the whole file breaks the rule.
    pub line: Option<usize>,
    /// What is wrong and what was expected.
    pub rule: String,
}

impl Problem {
    pub fn of_file(path: &str, rule: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, rule: rule.into() }
    }

    pub fn at_line(path: &str, line: usize, rule: impl Into<String>) -> Self {
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
