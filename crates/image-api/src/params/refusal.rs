//! Reasons for refusing a query string, and warnings about ignored parameters.

use percent_encoding::utf8_percent_encode;

use super::{
    SPECS,
    spec::{Invalid, Spec, echo},
};
use crate::{
    query::{ESCAPED, RequestQuery},
    table,
};

/// Similarity from which a name is suggested, by the Jaro-Winkler measure, 0 to 1: `widht` and `width` have 0.96,
/// `zoom` and `pad_color` almost 0.
const ALIKE: f64 = 0.85;

/// Most names that are suggested.
const MOST_SUGGESTIONS: usize = 3;

/// Most unknown names of a query that are compared with the known ones, which bounds the work for any query.
const MOST_COMPARED: usize = 16;

/// The reason for refusing a query string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A value is invalid.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No parameter has this name, and `params.strict` is on.
    #[error("{name} is not a known parameter{}", suggestion(close))]
    Unknown {
        /// The name as sent, truncated to 64 bytes.
        name: String,
        /// Similar names.
        close: Vec<&'static str>,
    },
    /// The operator does not allow the parameter (`params.allowed`).
    #[error("{parameter} is not one of the parameters that params.allowed lists")]
    NotAllowed {
        /// The parameter.
        parameter: &'static str,
    },
    /// The operator does not allow the size (`params.widths_allowed`, `params.heights_allowed`).
    #[error("{parameter} is not an allowed size: the nearest allowed one is {near} pixels")]
    Size {
        /// The parameter.
        parameter: &'static str,
        /// The nearest allowed size, in output pixels.
        near: u32,
    },
}

impl Refusal {
    /// The error for an unknown name, with suggestions.
    pub(super) fn unknown(name: &str) -> Self {
        Self::Unknown { name: echo(name).to_owned(), close: close(name) }
    }

    /// The parameter that is refused.
    pub fn parameter(&self) -> &str {
        match self {
            Self::Invalid(invalid) => invalid.parameter,
            Self::Unknown { name, .. } => name,
            Self::NotAllowed { parameter } | Self::Size { parameter, .. } => parameter,
        }
    }
}

/// Parameters of images with a similar name or alias, the most similar first.
pub fn close(name: &str) -> Vec<&'static str> {
    close_among(name, SPECS.iter())
}

/// Parameters of any kind with a similar name or alias, the most similar first.
pub fn similar(name: &str) -> Vec<&'static str> {
    close_among(name, table::rows().iter().map(|row| row.spec))
}

fn close_among(name: &str, specs: impl Iterator<Item = &'static Spec>) -> Vec<&'static str> {
    let name = echo(name);
    let likeness = |known| strsim::jaro_winkler(name, known);
    let mut close: Vec<_> = specs
        .map(|spec| {
            let likest = spec.names().map(likeness).fold(0.0, f64::max);
            (likest, spec.name)
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    close.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    close.into_iter().take(MOST_SUGGESTIONS).map(|(_, name)| name).collect()
}

/// A text for each unknown parameter whose name is similar to a known one, such as `widht is ignored (width?)`. It consists of
/// printable ASCII characters without commas.
pub fn mistyped(query: &RequestQuery) -> Vec<String> {
    let unknown = query.pairs().iter().filter(|pair| pair.row.is_none()).take(MOST_COMPARED);
    let texts = unknown.filter_map(|pair| {
        let close = close(&pair.name);
        let name = utf8_percent_encode(echo(&pair.name), ESCAPED);
        (!close.is_empty()).then(|| format!("{name} is ignored ({}?)", close.join(" or ")))
    });
    texts.collect()
}

fn suggestion(close: &[&str]) -> String {
    if close.is_empty() { String::new() } else { format!("; close names: {}", close.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_suggested() {
        for (name, meant) in
            [("widht", "width"), ("brigthness", "brightness"), ("padcolor", "pad_color"), ("Width", "width")]
        {
            assert_eq!(close(name).first(), Some(&meant), "{name}: {:?}", close(name));
        }
        assert_eq!(close("utm_source"), [""; 0]);
        assert_eq!(similar("signatur").first(), Some(&"signature"));
        assert_eq!(similar("widht").first(), Some(&"width"));
        assert_eq!(close(""), [""; 0]);
        assert!(close("shado").len() <= MOST_SUGGESTIONS);
    }

    #[test]
    fn mistyped_names_are_told() {
        let of = |query: &str| mistyped(&RequestQuery::parse(query).unwrap());
        assert_eq!(of("width=1&utm_source=a&v=2"), [""; 0]);
        assert_eq!(of("widht=1&height=2"), ["widht is ignored (width?)"]);
        assert_eq!(of("wid%0d%0ath%2c=1"), ["wid%0D%0Ath%2C is ignored (width?)"]);
        assert_eq!(of(&format!("{}widht=1", "x=1&".repeat(MOST_COMPARED))), [""; 0]);
    }

    #[test]
    fn long_names_are_truncated() {
        let refusal = Refusal::unknown(&"x".repeat(1000));
        assert_eq!(refusal.parameter().len(), 64);
    }
}
