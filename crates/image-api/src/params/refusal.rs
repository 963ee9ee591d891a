//! Why a query string is refused.

use super::{
    SPECS,
    spec::{Invalid, echo},
};

/// How alike two names must be to be confused: Jaro and Winkler's measure, 0 to 1. `widht` and `width` have 0.96,
/// `zoom` and `pad_color` nothing in common.
const ALIKE: f64 = 0.85;

/// The most names that are suggested.
const MOST_SUGGESTIONS: usize = 3;

/// Why a query string is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A value cannot be read.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No parameter has this name, and the rules are strict.
    #[error("{name} is no known parameter{}", suggestion(close))]
    Unknown {
        /// The name as sent, cut at 64 bytes.
        name: String,
        /// Names that may have been meant.
        close: Vec<&'static str>,
    },
    /// The operator does not allow the parameter.
    #[error("{parameter} is not one of the parameters that params.allowed lists")]
    NotAllowed {
        /// The parameter.
        parameter: &'static str,
    },
    /// The operator does not allow the size.
    #[error("{parameter} is not a size that this server gives: the next is {near} pixels")]
    Size {
        /// The parameter.
        parameter: &'static str,
        /// The next size that is allowed, in pixels of the answer.
        near: u32,
    },
}

impl Refusal {
    /// No parameter has this name.
    pub(super) fn unknown(name: &str) -> Self {
        Self::Unknown { name: echo(name).to_owned(), close: close(name) }
    }

    /// The parameter at fault.
    pub fn parameter(&self) -> &str {
        match self {
            Self::Invalid(invalid) => invalid.parameter,
            Self::Unknown { name, .. } => name,
            Self::NotAllowed { parameter } | Self::Size { parameter, .. } => parameter,
        }
    }
}

/// Parameters whose names, or aliases, are like this one; the most alike first.
fn close(name: &str) -> Vec<&'static str> {
    let name = echo(name);
    let likeness = |known| strsim::jaro_winkler(name, known);
    let mut close: Vec<_> = SPECS
        .iter()
        .map(|spec| {
            let likest = spec.names().map(likeness).fold(0.0, f64::max);
            (likest, spec.name)
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    close.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    close.into_iter().take(MOST_SUGGESTIONS).map(|(_, name)| name).collect()
}

fn suggestion(close: &[&str]) -> String {
    if close.is_empty() { String::new() } else { format!("; close names: {}", close.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        for (name, meant) in
            [("widht", "width"), ("brigthness", "brightness"), ("padcolor", "pad_color"), ("Width", "width")]
        {
            assert_eq!(close(name).first(), Some(&meant), "{name}: {:?}", close(name));
        }
        assert_eq!(close("utm_source"), [""; 0]);
        assert_eq!(close(""), [""; 0]);
        assert!(close("shado").len() <= MOST_SUGGESTIONS);
    }

    #[test]
    fn long_names_are_cut() {
        let refusal = Refusal::unknown(&"x".repeat(1000));
        assert_eq!(refusal.parameter().len(), 64);
    }
}
