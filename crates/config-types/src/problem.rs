//! One invalid value of a configuration.

use std::fmt::{self, Debug, Display};

/// An invalid value, with the key that it was set for.
///
/// Displayed as `key: text`, for example `limits.max_side: expected 1 to 65535, got 0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key from the section down, joined by dots: `origin.bucket.region`. Empty if the problem is not about a key.
    pub key: String,
    /// What is wrong. It contains no secret.
    pub text: String,
}

impl Problem {
    /// A problem of this key.
    pub fn new(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into() }
    }

    /// A problem that states what was expected, and the value in place of it as `Debug` shows it: texts are quoted.
    pub fn expected(key: impl Into<String>, expected: impl Display, value: impl Debug) -> Self {
        Self::new(key, format!("expected {expected}, got {value:?}"))
    }

    /// The same problem, with the place where the value was set: a file, a variable or an option.
    pub fn from_source(self, source: &str) -> Self {
        Self { text: format!("{} (from {source})", self.text), ..self }
    }

    /// The same problem of another section, which has the same keys: `from` is replaced by `to` where the key begins with it.
    pub fn moved(self, from: &str, to: &str) -> Self {
        match self.key.strip_prefix(from) {
            Some(rest) if rest.is_empty() || rest.starts_with('.') => {
                Self { key: format!("{to}{rest}"), ..self }
            }
            _ => self,
        }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_texts() {
        let problem = Problem::expected("max_side", "1 to 65535", 0);
        assert_eq!(problem.to_string(), "max_side: expected 1 to 65535, got 0");
        let moved = Problem::expected("origin.url", "a URL", "x y").moved("origin", "origins.shop");
        assert_eq!(moved.to_string(), "origins.shop.url: expected a URL, got \"x y\"");
        assert_eq!(Problem::new("origins", "").moved("origin", "x").key, "origins");
        assert_eq!(Problem::new("", "no such file").to_string(), "no such file");
    }
}
