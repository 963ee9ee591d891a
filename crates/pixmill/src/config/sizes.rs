//! The sizes that requests may use, as they are configured.

use std::fmt::{self, Display};

use config_types::Problem;
use image_api::params::allowed_sizes::{Others, Steps};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length in pixels, `640`, or a range with its step, `"200-1600/100"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a length in pixels such as 640, or a range with its step such as \"200-1600/100\""
)]
pub enum Length {
    /// One.
    One(u32),
    /// A range.
    Range(String),
}

/// What happens to a size that is not in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OtherSizes {
    /// The next larger size is used in its place, or the largest.
    #[default]
    Snap,
    /// The request is refused.
    Refuse,
}

impl From<OtherSizes> for Others {
    fn from(policy: OtherSizes) -> Self {
        match policy {
            OtherSizes::Snap => Self::Snapped,
            OtherSizes::Refuse => Self::Refused,
        }
    }
}

impl Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(length) => length.fmt(f),
            Self::Range(text) => text.fmt(f),
        }
    }
}

/// Parses a list of lengths; invalid ones are added to the problems.
pub fn steps(key: &str, lengths: &[Length], problems: &mut Vec<Problem>) -> Steps {
    let mut steps = Steps::default();
    for length in lengths {
        if let Err(expected) = steps.add(&length.to_string()) {
            problems.push(Problem::expected(key, expected, length.to_string()));
        }
    }
    steps
}
