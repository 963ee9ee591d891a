//! Checks the rules of the project that the compiler does not check, and reports each problem with its file.

mod arrows;
mod circles;
mod code;
mod exceptions;
mod files;
mod imports;
mod modules;
mod params;
mod paths;
mod problem;
mod product;
mod tree;
mod words;

use anyhow::{Result, bail, ensure};

use self::exceptions::{TO_GO, except};
use self::problem::Problem;
use self::tree::Tree;
use crate::workspace::workspace;

/// Checks the workspace; one error lists all problems.
pub fn run(arguments: &[String]) -> Result<()> {
    ensure!(arguments.is_empty(), "expected no arguments, got {arguments:?}");
    let mut problems = except(problems(&Tree::read(&workspace())?), TO_GO);
    problems.sort();
    if problems.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    bail!("{} problems:\n{}", lines.len(), lines.join("\n"))
}

fn problems(tree: &Tree) -> Vec<Problem> {
    let rules = [arrows::check, circles::check, files::check, imports::check, params::check, words::check];
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
