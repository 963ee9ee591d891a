//! What an origin says about caching one response: headers in, policy out (RFC 9111, RFC 5861).

use std::time::{Duration, SystemTime};

use crate::directives::{Directives, parse_seconds};

/// What the headers of a response say about caching it. What they do not say is not set: no default is applied here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CachePolicy {
    /// `s-maxage`: how long the response is fresh in shared caches, from the moment the origin made it. It takes
    /// precedence over `max_age` there (RFC 9111, section 4.2.1).
    pub s_maxage: Option<Duration>,
    /// `max-age`, else `Expires` less `Date`: how long the response is fresh from the moment the origin made it. Zero if
    /// `Expires` has passed or is no date.
    pub max_age: Option<Duration>,
    /// `Age`: how long ago the origin made the response, according to the caches before us. Zero if not stated.
    pub age: Duration,
    /// How long after its lifetime it may be served while it is fetched again (RFC 5861, section 3). Zero where the
    /// origin requires revalidation, and where serving stale would need a permission that is not there: after
    /// `s-maxage` (RFC 9111, section 4.2.4), and after an `Expires` that has passed already.
    pub stale_while_revalidate: Option<Duration>,
    /// How long after its lifetime it may be served if the origin fails (RFC 5861, section 4). Zero as above.
    pub stale_if_error: Option<Duration>,
    /// It must not be stored: `no-store`, and `Vary: *`, by which no other request may have it.
    pub no_store: bool,
    /// It is meant for one user: shared caches must not store it (`private`).
    pub private: bool,
    /// When it must be revalidated: `no-cache`, `must-revalidate` and `proxy-revalidate`.
    pub revalidation: Revalidation,
    /// Whether `Cache-Control` or `Expires` was there. A 304 without either leaves the stored policy as it is
    /// (RFC 9111, section 3.2).
    pub is_stated: bool,
}

/// When a stored response may no longer be used without asking the origin, from the least strict to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Revalidation {
    /// Whoever stores it decides how long it may be used stale.
    #[default]
    Optional,
    /// Shared caches must revalidate it once it is stale (`proxy-revalidate`).
    Shared,
    /// All caches must revalidate it once it is stale (`must-revalidate`).
    Required,
    /// All caches must revalidate it before each use (`no-cache`).
    Always,
}

/// The response headers that a policy is made of, as text; several lines of one name are joined by commas.
#[derive(Debug, Clone, Copy, Default)]
pub struct CacheHeaders<'a> {
    /// `Cache-Control`
    pub cache_control: Option<&'a str>,
    /// `Expires`
    pub expires: Option<&'a str>,
    /// `Date`
    pub date: Option<&'a str>,
    /// `Age`
    pub age: Option<&'a str>,
    /// `Vary`
    pub vary: Option<&'a str>,
}

impl CachePolicy {
    /// Parses the headers of a response that was received at `received`, which stands in for a missing `Date`.
    ///
    /// What cannot be understood counts as the shorter time (RFC 9111, section 4.2.1): an `Expires` that is no date has
    /// passed, a `max-age` that is no number is zero.
    pub fn parse(headers: CacheHeaders<'_>, received: SystemTime) -> Self {
        let directives = Directives::parse(headers.cache_control.unwrap_or_default());
        let expires = headers.expires.map(|expires| expires_after(expires, headers.date, received));
        let revalidation = Revalidation::from_directives(&directives);
        let has_expired = directives.max_age.is_none() && expires == Some(Duration::ZERO);
        let is_strict = directives.s_maxage.is_some() || has_expired;
        let stale_window = |stated: Option<Duration>| match stated {
            _ if revalidation != Revalidation::Optional => Some(Duration::ZERO),
            None if is_strict => Some(Duration::ZERO),
            stated => stated,
        };
        Self {
            s_maxage: directives.s_maxage,
            max_age: directives.max_age.or(expires),
            age: headers.age.map(parse_age).unwrap_or_default(),
            stale_while_revalidate: stale_window(directives.stale_while_revalidate),
            stale_if_error: stale_window(directives.stale_if_error),
            no_store: directives.no_store || headers.vary.is_some_and(varies_by_all),
            private: directives.private,
            revalidation,
            is_stated: headers.cache_control.is_some() || headers.expires.is_some(),
        }
    }

    /// How long a shared cache may use the response from the moment the origin made it (RFC 9111, section 4.2.1);
    /// `None` if the origin states nothing.
    pub fn lifetime(&self) -> Option<Duration> {
        self.s_maxage.or(self.max_age)
    }

    /// How long a shared cache may use the response from the moment it was received: the lifetime less the age.
    pub fn remaining(&self) -> Option<Duration> {
        Some(self.lifetime()?.saturating_sub(self.age))
    }

    /// Whether a shared cache may store the response at all (RFC 9111, section 3).
    pub fn is_storable(&self) -> bool {
        !self.no_store && !self.private
    }
}

impl Revalidation {
    fn from_directives(directives: &Directives) -> Self {
        match directives {
            Directives { no_cache: true, .. } => Self::Always,
            Directives { must_revalidate: true, .. } => Self::Required,
            Directives { proxy_revalidate: true, .. } => Self::Shared,
            _ => Self::Optional,
        }
    }
}

/// Of a list, the first member counts (RFC 9111, section 5.1).
fn parse_age(text: &str) -> Duration {
    parse_seconds(text.split(',').next().unwrap_or_default())
}

/// Whether the response depends on more than can be known (RFC 9110, section 12.5.5).
fn varies_by_all(vary: &str) -> bool {
    vary.split(',').any(|name| name.trim() == "*")
}

fn expires_after(expires: &str, date: Option<&str>, received: SystemTime) -> Duration {
    let Ok(expires) = httpdate::parse_http_date(expires.trim()) else { return Duration::ZERO };
    let date = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok()).unwrap_or(received);
    expires.duration_since(date).unwrap_or_default()
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
