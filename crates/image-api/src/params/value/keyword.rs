//! Keywords: one of a fixed set.

use crate::params::spec::{Expected, Reading};

/// Parses a keyword, ignoring case: returns the member of `all` whose name it is; `names` are their names in the
/// same order.
pub fn keyword<T: Copy>(raw: &str, all: &[T], names: &[&str]) -> Result<Reading<T>, Expected> {
    let word = raw.trim().to_ascii_lowercase();
    let found = all.iter().zip(names).find(|(_, name)| **name == word);
    found.map(|(value, _)| Reading::exact(*value)).ok_or_else(|| listed(names))
}

/// Lists the names for an error text.
fn listed(names: &[&str]) -> String {
    match names {
        [first @ .., before, last] => [first, &[&format!("{before} or {last}")]].concat().join(", "),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let read = |raw| keyword(raw, &[1, 2, 3], &["one", "two", "three"]);
        for (raw, value) in [("one", 1), (" Two", 2), ("THREE ", 3)] {
            assert_eq!(read(raw).unwrap().value, value, "{raw}");
        }
        for raw in ["", "four", "on", "one two"] {
            assert_eq!(read(raw).unwrap_err(), "one, two or three", "{raw}");
        }
        assert_eq!(listed(&["one"]), "one");
        assert_eq!(listed(&["one", "two"]), "one or two");
    }
}
