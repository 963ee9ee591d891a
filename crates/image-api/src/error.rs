//! Errors of planning a request.

use serde::{Deserialize, Serialize};

use crate::{interned, params::spec::Invalid};

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of planning a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Error {
    /// A parameter's value is invalid, or not applicable to this image.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The original or the output would be too large.
    #[error(transparent)]
    OverLimit(#[from] OverLimit),
}

/// A size exceeds a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{what}: {actual}, {bound} {limit}")]
pub struct OverLimit {
    /// What is limited, with its unit.
    #[serde(deserialize_with = "interned::text")]
    pub what: interned::Text,
    /// Its actual size.
    pub actual: u64,
    /// The source of the limit, with a verb: `limits.max_pixels allows` for a setting, `WebP allows` for a property of
    /// the format.
    #[serde(deserialize_with = "interned::text")]
    pub bound: interned::Text,
    /// The largest size allowed.
    pub limit: u64,
}

/// Checks `actual` against `limit`, in the unit that `what` names.
///
/// # Errors
///
/// [`OverLimit`] if it is larger.
pub fn within(what: &'static str, actual: u64, bound: &'static str, limit: u64) -> Result<()> {
    if actual > limit { Err(OverLimit { what, actual, bound, limit }.into()) } else { Ok(()) }
}
