//! All problems of a configuration in one error.

use std::fmt;

/// What is wrong with a configuration: at least one sentence, each naming its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    /// The sentences, in the order of the layers.
    pub fn sentences(&self) -> &[String] {
        &self.0
    }
}

impl From<Vec<String>> for Problems {
    fn from(sentences: Vec<String>) -> Self {
        Self(sentences)
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
        let problems = |sentences: &[&str]| {
            Problems::from(sentences.iter().map(|&sentence| sentence.to_owned()).collect::<Vec<_>>())
                .to_string()
        };
        assert_eq!(problems(&["a is b"]), "the configuration has a problem: a is b");
        assert_eq!(problems(&["a", "b"]), "the configuration has 2 problems:\n  a\n  b");
    }
}
