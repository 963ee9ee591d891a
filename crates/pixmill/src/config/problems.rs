//! All problems of a configuration in one error.

use std::fmt;

use config_types::Problem;

/// What is wrong with a configuration: at least one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems, in the order of the layers.
    pub fn list(&self) -> &[Problem] {
        &self.0
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [problem] => write!(f, "the configuration has a problem: {problem}"),
            problems => {
                write!(f, "the configuration has {} problems:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_many() {
        let problems = |keys: &[&str]| {
            Problems(keys.iter().map(|key| Problem::new(*key, "missing")).collect()).to_string()
        };
        assert_eq!(problems(&["a.b"]), "the configuration has a problem: a.b: missing");
        assert_eq!(problems(&["a", "b"]), "the configuration has 2 problems:\n  a: missing\n  b: missing");
    }
}
