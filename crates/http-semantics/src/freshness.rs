//! What may be done with a stored response of a certain age.

/// What may be done with a stored response of a certain age, from the most to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Use it.
    Fresh,
    /// Use it, and fetch it again in the background (RFC 5861, section 3); also if the origin fails.
    StaleWhileRevalidate,
    /// Fetch it again first, and use it only if the origin fails (RFC 5861, section 4).
    StaleIfError,
    /// Use it only if the origin says that it has not changed (304).
    Unvalidated,
    /// Do not use it.
    Expired,
}

impl Freshness {
    /// Whether it may be used if the origin fails on revalidation.
    pub fn excuses_errors(self) -> bool {
        matches!(self, Self::Fresh | Self::StaleWhileRevalidate | Self::StaleIfError)
    }
}
