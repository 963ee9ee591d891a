//! What a parameter states about itself, and the traits that make a type a parameter.

use std::{
    fmt::{self, Debug, Display, Formatter},
    ops::RangeInclusive,
};

use serde::{Deserialize, Serialize};

use crate::interned;

/// Everything that is said about a parameter outside its code: documentation, `pixmill params` and tests come from it.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Name in the query string.
    pub name: &'static str,
    /// Other names of the same parameter.
    pub aliases: &'static [&'static str],
    /// One sentence.
    pub summary: &'static str,
    /// More, where a sentence is not enough.
    pub help: &'static str,
    /// What values look like.
    pub grammar: Grammar,
    /// What holds when the parameter is absent.
    pub default: &'static str,
    /// Without one of these the parameter means nothing and is ignored; empty: it stands alone. A name is met by any
    /// value, `name=value` by that value alone, in its canonical form.
    pub needs: &'static [&'static str],
    /// Requests that show it. Each is documented, parsed, planned and rendered by the tests.
    pub examples: &'static [Example],
}

impl Spec {
    /// Its name and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Whether this is its name, or an alias.
    pub fn answers_to(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }
}

/// What values of a parameter look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Grammar {
    /// A whole number between two others.
    Whole(u32, u32),
    /// A decimal number between two others.
    Decimal(f64, f64),
    /// Any decimal number, in degrees.
    Degrees,
    /// On or off.
    Boolean,
    /// A colour.
    Colour,
    /// One of these words.
    Keyword(&'static [&'static str]),
    /// Something else, in words.
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

/// A request that shows what a parameter does.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// File name of a sample picture.
    pub source: &'static str,
    /// The query string.
    pub query: &'static str,
    /// What is to be seen.
    pub shows: &'static str,
}

/// A value that was read, and whether it had to be brought into range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading<T> {
    /// The value, in range.
    pub value: T,
    /// Whether the value that was sent lay outside the documented range.
    pub clamped: bool,
}

impl<T> Reading<T> {
    /// A value that was in range.
    pub fn exact(value: T) -> Self {
        Self { value, clamped: false }
    }

    /// The same reading of another type.
    pub fn map<U>(self, into: impl FnOnce(T) -> U) -> Reading<U> {
        Reading { value: into(self.value), clamped: self.clamped }
    }
}

/// What a value's text should have been.
pub type Expected = String;

/// One parameter's value.
pub trait Param: Sized + Clone + Debug + PartialEq + Send + Sync + 'static {
    /// What the parameter states about itself.
    const SPEC: Spec;

    /// Reads a value; an error is what was expected instead. Never sees another parameter.
    fn parse(raw: &str) -> Result<Reading<Self>, Expected>;

    /// Writes the value the one way that the cache key and the signature use: `parse(canonical(x)) == x`.
    fn canonical(&self, out: &mut String);

    /// Whether the value asks for nothing, as if the parameter were absent.
    fn is_neutral(&self) -> bool {
        false
    }
}

/// Longest part of a refused value that is repeated to the client, in bytes.
const MAX_ECHO_BYTES: usize = 64;

/// A value that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{parameter}: expected {expected}, got {value:?}")]
pub struct Invalid {
    /// The parameter's name.
    #[serde(deserialize_with = "interned::text")]
    pub parameter: interned::Text,
    /// The value that was sent, cut at 64 bytes.
    pub value: String,
    /// What was expected.
    pub expected: Expected,
}

impl Invalid {
    /// Names what was wrong.
    pub fn new(parameter: &'static str, value: &str, expected: impl Into<Expected>) -> Self {
        Self { parameter, value: echo(value).to_owned(), expected: expected.into() }
    }
}

/// The part of what was sent that is repeated to the client.
pub(super) fn echo(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_ECHO_BYTES)]
}

/// Shorthand of the tests at the bottom of the parameters' files.
#[cfg(test)]
pub(crate) mod check {
    use super::*;

    /// `raw` is read as `value`, and `value` is written and read back as itself.
    #[track_caller]
    pub fn accepts<P: Param>(cases: &[(&str, P)]) {
        for (raw, value) in cases {
            let reading = P::parse(raw).unwrap_or_else(|expected| panic!("{raw:?}: expected {expected}"));
            assert_eq!((&reading.value, reading.clamped), (value, false), "{raw:?}");
            round_trips(value);
        }
    }

    /// `raw` lies outside the range and is read as `value`.
    #[track_caller]
    pub fn clamps<P: Param>(cases: &[(&str, P)]) {
        for (raw, value) in cases {
            assert_eq!(P::parse(raw), Ok(Reading { value: value.clone(), clamped: true }), "{raw:?}");
        }
    }

    /// `raw` is refused, and it is said what was expected.
    #[track_caller]
    pub fn rejects<P: Param>(cases: &[&str]) {
        for raw in cases {
            let expected = P::parse(raw).expect_err(raw);
            assert!(expected.len() > 3, "{raw:?}: {expected:?} does not say what was expected");
        }
    }

    /// Canonical form and back.
    #[track_caller]
    pub fn round_trips<P: Param>(value: &P) {
        let mut canonical = String::new();
        value.canonical(&mut canonical);
        assert_eq!(P::parse(&canonical).map(|reading| reading.value).as_ref(), Ok(value), "{canonical:?}");
    }
}
