//! Rules for files: their length, their first line, and their names.

use super::problem::Problem;
use super::tree::{File, Tree};

/// Longest Rust file, in lines.
const MAX_LINES: usize = 500;

/// Highest median of the line counts of all Rust files.
const MAX_MEDIAN: usize = 120;

/// Names that do not describe the content.
const EMPTY_NAMES: [&str; 8] =
    ["common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"];

pub fn check(tree: &Tree) -> Vec<Problem> {
    let ours = |file: &&File| file.lies_in("crates") || file.lies_in("loadtests") || file.lies_in("fuzz");
    let files: Vec<&File> = tree.rust().filter(ours).collect();
    files.iter().flat_map(|file| check_file(file)).chain(check_median(&files)).collect()
}

fn check_median(files: &[&File]) -> Option<Problem> {
    let mut lines: Vec<usize> = files.iter().map(|file| file.text.lines().count()).collect();
    lines.sort_unstable();
    let median = *lines.get(lines.len() / 2)?;
    let rule = || format!("the median of all files is {median} lines; expected at most {MAX_MEDIAN}");
    (median > MAX_MEDIAN).then(|| Problem::of_file("crates", rule()))
}

fn check_file(file: &File) -> Vec<Problem> {
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > MAX_LINES {
        found.push(Problem::of_file(&file.path, format!("{lines} lines; expected at most {MAX_LINES}")));
    }
    if !file.text.starts_with("//! ") {
        found.push(Problem::of_file(
            &file.path,
            "expected a first line `//! …` that says what the file is for",
        ));
    }
    for name in file.path.split('/').map(|part| part.split_once('.').map_or(part, |(stem, _)| stem)) {
        if EMPTY_NAMES.contains(&name) {
            found.push(Problem::of_file(
                &file.path,
                format!("a module named '{name}'; expected a noun for what it holds"),
            ));
        }
    }
    for (line, code) in file.code_lines() {
        let name = inline_module(code);
        if EMPTY_NAMES.contains(&name) {
            let rule = format!("a module named '{name}'; expected a noun for what it holds");
            found.push(Problem::at_line(&file.path, line, rule));
        }
    }
    found
}

/// The name in `mod name {`, if any.
fn inline_module(code: &str) -> &str {
    let declaration = code.trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
    let name = declaration.strip_prefix("mod ").and_then(|rest| rest.split_once('{'));
    name.map_or("", |(name, _)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Problems of one file among short ones.
    fn rules(path: &str, text: &str) -> Vec<String> {
        let tree = [(path, text), ("crates/a/src/lib.rs", "//! x"), ("crates/b/src/lib.rs", "//! x")];
        check(&Tree::of(&tree)).into_iter().map(|problem| problem.rule).collect()
    }

    #[test]
    fn the_median_is_limited() {
        let (long, most) = (format!("//! x\n{}", "\n".repeat(120)), format!("//! x\n{}", "\n".repeat(119)));
        let median =
            |text: &str| check(&Tree::of(&[("crates/a/src/a.rs", text), ("crates/a/src/b.rs", text)]));
        assert_eq!(median(&long)[0].rule, "the median of all files is 121 lines; expected at most 120");
        assert!(median(&most).is_empty());
    }

    #[test]
    fn a_short_file_with_a_purpose_passes() {
        assert!(rules("crates/vips/src/image.rs", "//! Pictures.\n").is_empty());
        assert!(
            rules("crates/vips/src/blob.rs", &format!("//! x\n{}", "\n".repeat(MAX_LINES - 1))).is_empty()
        );
    }

    #[test]
    fn a_long_file_is_named() {
        let found = rules("loadtests/src/main.rs", &format!("//! x\n{}", "\n".repeat(MAX_LINES)));
        assert_eq!(found, ["501 lines; expected at most 500"]);
    }

    #[test]
    fn a_file_needs_a_doc_comment() {
        assert_eq!(rules("crates/vips/build.rs", "fn main() {}\n").len(), 1);
        assert_eq!(rules("crates/vips/build.rs", "").len(), 1);
        assert!(rules("docs/example.rs", "").is_empty());
    }

    #[test]
    fn meaningless_names_are_refused_everywhere() {
        for path in ["crates/a/src/utils.rs", "crates/a/src/common/mod.rs", "crates/helpers/src/lib.rs"] {
            assert_eq!(rules(path, "//! x\n").len(), 1, "{path}");
        }
        assert_eq!(rules("crates/a/src/lib.rs", "//! x\npub mod manager {\n}\n").len(), 1);
        assert!(rules("crates/a/src/lib.rs", "//! x\n// mod utils {\nmod tests {\n}\n").is_empty());
    }
}
