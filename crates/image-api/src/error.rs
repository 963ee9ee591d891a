//! Why a request has no plan.

use serde::{Deserialize, Serialize};

use crate::{interned, params::spec::Invalid};

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request has no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Error {
    /// A parameter's value cannot be parsed, or means nothing for this picture.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The original or the answer would be too large.
    #[error(transparent)]
    OverLimit(#[from] OverLimit),
}

/// Something is larger than a limit allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{what}: {actual}, {bound} {limit}")]
pub struct OverLimit {
    /// What was measured, with its unit.
    #[serde(deserialize_with = "interned::text")]
    pub what: interned::Text,
    /// Its size.
    pub actual: u64,
    /// What sets the limit, with its verb: `limits.max_pixels allows`, where an operator can change it, or `WebP allows`,
    /// where nobody can.
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
