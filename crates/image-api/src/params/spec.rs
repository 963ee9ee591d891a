//! Specifications of parameters, and the traits of parameter types.

use std::{
    fmt::{self, Debug, Display, Formatter},
    ops::RangeInclusive,
};

use serde::{Deserialize, Serialize};

use crate::interned;

/// The specification of a parameter: documentation, OpenAPI, `pixmill params` and tests are generated from it.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Name in the query string.
    pub name: &'static str,
    /// Aliases.
    pub aliases: &'static [&'static str],
    /// Summary, one sentence.
    pub summary: &'static str,
    /// Details beyond the summary.
    pub help: &'static str,
    /// The grammar of its values.
    pub grammar: Grammar,
    /// The default, if the parameter is absent.
    pub default: &'static str,
    /// Without one of these the parameter is ignored; empty: it needs none. A name is satisfied by any value of that
    /// parameter, `name=value` by that value alone, in its canonical form.
    pub needs: &'static [&'static str],
    /// Example requests. Each is documented, parsed, planned and rendered by the tests.
    pub examples: &'static [Example],
}

impl Spec {
    /// Its name and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Whether this is its name or an alias.
    pub fn answers_to(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }
}

/// The grammar of a parameter's values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Grammar {
    /// An integer in a range.
    Whole(u32, u32),
    /// A decimal number in a range.
    Decimal(f64, f64),
    /// Any decimal number, in degrees.
    Degrees,
    /// A boolean.
    Boolean,
    /// A colour.
    Colour,
    /// One of these keywords.
    Keyword(&'static [&'static str]),
    /// Any other grammar, described in words.
    Text(&'static str),
}

impl Grammar {
    /// The range of a parameter of decimal numbers.
    pub const fn decimals(self) -> RangeInclusive<f64> {
        match self {
            Self::Decimal(low, high) => low..=high,
            _ => panic!("invariant: the grammar is of numbers of this kind"),
        }
    }

    /// The range of a parameter of whole numbers.
    pub const fn wholes(self) -> RangeInclusive<u32> {
        match self {
            Self::Whole(low, high) => low..=high,
            _ => panic!("invariant: the grammar is of numbers of this kind"),
        }
    }
}

impl Display for Grammar {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(low, high) => write!(f, "a whole number from {low} to {high}"),
            Self::Decimal(low, high) => write!(f, "a number from {low} to {high}"),
            Self::Degrees => write!(f, "degrees"),
            Self::Boolean => write!(f, "true or false"),
            Self::Colour => write!(f, "a colour"),
            Self::Keyword(words) => write!(f, "{}", words.join(", ")),
            Self::Text(text) => write!(f, "{text}"),
        }
    }
}

/// An example request.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// File name of a sample image.
    pub source: &'static str,
    /// The query string.
    pub query: &'static str,
    /// The visible result.
    pub shows: &'static str,
}

/// A parsed value, and whether it was clamped to its range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading<T> {
    /// The value, in range.
    pub value: T,
    /// Whether the value that was sent was out of range.
    pub clamped: bool,
}

impl<T> Reading<T> {
    /// A value that was in range.
    pub fn exact(value: T) -> Self {
        Self { value, clamped: false }
    }

    /// Converts the value to another type.
    pub fn map<U>(self, into: impl FnOnce(T) -> U) -> Reading<U> {
        Reading { value: into(self.value), clamped: self.clamped }
    }
}

/// An error text that states what was expected.
pub type Expected = String;

/// The value of a parameter.
pub trait Param: Sized + Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The specification.
    const SPEC: Spec;

    /// Parses a value; an error states what was expected. Independent of all other parameters.
    fn parse(raw: &str) -> Result<Reading<Self>, Expected>;

    /// Writes the value in the canonical form that cache keys and signatures use: `parse(canonical(x)) == x`.
    fn canonical(&self, out: &mut String);

    /// Whether the value is neutral, which is the same as an absent parameter.
    fn is_neutral(&self) -> bool {
        false
    }
}

/// Longest part of an invalid value that error texts quote, in bytes.
const MAX_ECHO_BYTES: usize = 64;

/// An invalid value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{parameter}: expected {expected}, got {value:?}")]
pub struct Invalid {
    /// The parameter's name.
    #[serde(deserialize_with = "interned::text")]
    pub parameter: interned::Text,
    /// The value as sent, truncated to 64 bytes.
    pub value: String,
    /// What was expected.
    pub expected: Expected,
}

impl Invalid {
    /// Builds the error.
    pub fn new(parameter: &'static str, value: &str, expected: impl Into<Expected>) -> Self {
        Self { parameter, value: echo(value).to_owned(), expected: expected.into() }
    }
}

/// The part of the value that is quoted.
pub(super) fn echo(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_ECHO_BYTES)]
}

/// Helpers for the tests of parameters.
#[cfg(test)]
pub(crate) mod check {
    use super::*;

    /// Checks that `raw` is parsed as `value`, and that the canonical form of `value` is parsed as `value` too.
    #[track_caller]
    pub fn accepts<P: Param>(cases: &[(&str, P)]) {
        for (raw, value) in cases {
            let reading = P::parse(raw).unwrap_or_else(|expected| panic!("{raw:?}: expected {expected}"));
            assert_eq!((&reading.value, reading.clamped), (value, false), "{raw:?}");
            round_trips(value);
        }
    }

    /// Checks that `raw` is out of range and clamped to `value`.
    #[track_caller]
    pub fn clamps<P: Param>(cases: &[(&str, P)]) {
        for (raw, value) in cases {
            assert_eq!(P::parse(raw), Ok(Reading { value: value.clone(), clamped: true }), "{raw:?}");
        }
    }

    /// Checks that `raw` is refused, with a text that states what was expected.
    #[track_caller]
    pub fn rejects<P: Param>(cases: &[&str]) {
        for raw in cases {
            let expected = P::parse(raw).expect_err(raw);
            assert!(expected.len() > 3, "{raw:?}: {expected:?} does not say what was expected");
        }
    }

    /// Round-trips a value through its canonical form.
    #[track_caller]
    pub fn round_trips<P: Param>(value: &P) {
        let mut canonical = String::new();
        value.canonical(&mut canonical);
        assert_eq!(P::parse(&canonical).map(|reading| reading.value).as_ref(), Ok(value), "{canonical:?}");
    }
}
