//! Files that do not follow a rule yet. The list may only shrink: an exception that is not needed is an error too.

use super::problem::Problem;

/// One per line: a path, `: `, and the beginning of what is broken there or a part of it.
pub const TO_GO: &str = include_str!("to_go.txt");

/// The list, for messages.
const LIST: &str = "crates/xtask/src/tidy/to_go.txt";

/// The problems without those that the list names, and one for each entry of the list that is not needed.
pub fn except(problems: Vec<Problem>, list: &str) -> Vec<Problem> {
    let entries: Vec<Entry> = list.lines().filter_map(Entry::parse).collect();
    let needless = entries.iter().filter(|entry| !problems.iter().any(|problem| entry.names(problem)));
    let needless: Vec<Problem> = needless.map(Entry::needless).collect();
    let kept = problems.into_iter().filter(|problem| !entries.iter().any(|entry| entry.names(problem)));
    kept.chain(needless).collect()
}

struct Entry<'a> {
    path: &'a str,
    rule: &'a str,
}

impl<'a> Entry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (path, rule) = line.split_once(": ")?;
        Some(Self { path, rule })
    }

    fn names(&self, problem: &Problem) -> bool {
        problem.path == self.path && problem.rule.contains(self.rule)
    }

    fn needless(&self) -> Problem {
        let rule = format!("the exception '{}' is no longer needed; remove its line from {LIST}", self.rule);
        Problem::of_file(self.path, rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_hide_what_they_name_and_nothing_else() {
        let problem = |path: &str, rule: &str| Problem::of_file(path, rule);
        let problems =
            || vec![problem("a.rs", "a circle: x"), problem("a.rs", "y"), problem("b.rs", "a circle: z")];
        assert_eq!(except(problems(), ""), problems());
        assert_eq!(
            except(problems(), "a.rs: a circle\n"),
            [problem("a.rs", "y"), problem("b.rs", "a circle: z")]
        );
    }

    #[test]
    fn a_needless_exception_is_an_error() {
        let found = except(vec![Problem::of_file("b.rs", "x")], "a.rs: x\nb.rs: x\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "a.rs");
        assert!(found[0].rule.starts_with("the exception 'x' is no longer needed"), "{found:?}");
    }
}
