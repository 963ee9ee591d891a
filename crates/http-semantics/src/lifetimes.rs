//! How long a stored response may be used: what the origin says, within the limits that the operator sets.

use std::time::Duration;

use crate::{CachePolicy, Freshness, Revalidation};

/// How long a response may be used, counted from when it was stored. The stale windows begin when freshness ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifetimes {
    /// How long it is used without asking anybody.
    pub fresh_for: Duration,
    /// How long after that it is used while it is fetched again.
    pub stale_while_revalidate: Duration,
    /// How long after `fresh_for` it is used if fetching it again fails.
    pub stale_if_error: Duration,
    /// How long after `fresh_for` it is worth keeping, since the origin may say that it has not changed.
    pub kept_for: Duration,
    /// How long browsers may use it.
    pub browsers: BrowserLifetime,
    /// When others must revalidate it.
    pub revalidation: Revalidation,
}

/// How long the caches of single users may use a response, counted as `fresh_for`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BrowserLifetime {
    /// As long as shared caches.
    #[default]
    AsShared,
    /// This long: the origin stated another lifetime for shared caches (`s-maxage`).
    Stated(Duration),
    /// The origin stated a lifetime for shared caches only.
    Unstated,
}

/// What the operator sets: defaults where the origin states nothing, and bounds of what it states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How long a response is fresh if the origin states nothing.
    pub default_ttl: Duration,
    /// The shortest time that a response is fresh, whatever the origin states.
    pub min_ttl: Duration,
    /// The longest time that a response is fresh, whatever the origin states; `min_ttl` takes precedence.
    pub max_ttl: Duration,
    /// The longest time that an absence (404, 410) is remembered; zero: not at all.
    pub negative_ttl: Duration,
    /// How long a response is served stale while it is fetched again, if the origin states nothing.
    pub stale_while_revalidate: Duration,
    /// How long a response is served stale if the origin fails, if the origin states nothing.
    pub stale_if_error: Duration,
}

impl Lifetimes {
    /// The lifetimes of a successful response, or `None` if it must not be stored.
    ///
    /// `no-store` and `private` forbid storing. `no-cache` is stored but never used without asking. It, and
    /// `must-revalidate` and `proxy-revalidate`, leave no stale window, whatever is configured: once stale, it only
    /// serves revalidation by its validators. Otherwise the lifetime is the stated one less the age, or `default_ttl`
    /// if nothing is stated, within `min_ttl` and `max_ttl`.
    pub fn for_response(policy: &CachePolicy, limits: &Limits) -> Option<Self> {
        if !policy.is_storable() {
            return None;
        }
        let kept_for = limits.stale_while_revalidate.max(limits.stale_if_error);
        let strict = Self { kept_for, revalidation: policy.revalidation, ..Self::default() };
        if policy.revalidation == Revalidation::Always {
            return Some(strict);
        }
        let bounded =
            |total: Duration| total.saturating_sub(policy.age).min(limits.max_ttl).max(limits.min_ttl);
        let lifetimes = Self {
            fresh_for: policy.lifetime().map_or(limits.default_ttl, bounded),
            browsers: match (policy.s_maxage, policy.max_age) {
                (None, _) => BrowserLifetime::AsShared,
                (Some(_), Some(own)) => BrowserLifetime::Stated(bounded(own)),
                (Some(_), None) => BrowserLifetime::Unstated,
            },
            ..strict
        };
        if policy.revalidation != Revalidation::Optional {
            return Some(lifetimes);
        }
        Some(Self {
            stale_while_revalidate: policy.stale_while_revalidate.unwrap_or(limits.stale_while_revalidate),
            stale_if_error: policy.stale_if_error.unwrap_or(limits.stale_if_error),
            ..lifetimes
        })
    }

    /// The lifetimes of a remembered absence (404, 410), or `None` if it must not be stored: `negative_ttl`, or less if
    /// the origin says so. It is never used stale, since an uploaded image must show soon.
    pub fn for_absence(policy: &CachePolicy, limits: &Limits) -> Option<Self> {
        let is_forbidden = !policy.is_storable() || policy.revalidation == Revalidation::Always;
        let fresh_for = policy.lifetime().unwrap_or(Duration::MAX).min(limits.negative_ttl);
        (!is_forbidden && !fresh_for.is_zero()).then_some(Self { fresh_for, ..Self::default() })
    }

    /// The lifetimes of a response that the origin has just revalidated without stating new ones: the stored lifetimes,
    /// less the `Age` that caches on the way stated.
    pub fn renewed(self, age: Duration) -> Self {
        Self { fresh_for: self.fresh_for.saturating_sub(age), ..self }
            .with_browsers(|own| own.saturating_sub(age))
    }

    /// The lifetimes of something that was made of two responses: what both allow. `other` was stored `later` than this
    /// one, or `earlier`; the result counts from when this one was stored.
    pub fn combined(self, other: Self, later: Duration, earlier: Duration) -> Self {
        let shifted = |time: Duration| time.saturating_add(later).saturating_sub(earlier);
        let revalidation = self.revalidation.max(other.revalidation);
        let fresh_for = match revalidation {
            // not even for the time between the two
            Revalidation::Always => Duration::ZERO,
            _ => self.fresh_for.min(shifted(other.fresh_for)),
        };
        let browsers = match (self.browsers, other.browsers) {
            (BrowserLifetime::AsShared, BrowserLifetime::AsShared) => BrowserLifetime::AsShared,
            (one, two) => match (one.resolved(self.fresh_for), two.resolved(other.fresh_for).map(shifted)) {
                (Some(one), Some(two)) => BrowserLifetime::Stated(one.min(two)),
                // one of the two is meant for shared caches only: the other says how long at most
                (Some(time), None) | (None, Some(time)) => BrowserLifetime::Stated(time.min(fresh_for)),
                (None, None) => BrowserLifetime::Unstated,
            },
        };
        Self {
            fresh_for,
            stale_while_revalidate: self.stale_while_revalidate.min(other.stale_while_revalidate),
            stale_if_error: self.stale_if_error.min(other.stale_if_error),
            kept_for: self.kept_for.min(other.kept_for),
            browsers,
            revalidation,
        }
    }

    /// The same lifetimes, cut off after `left` in total: nobody uses the response for longer, fresh or stale.
    pub fn ending(self, mut left: Duration) -> Self {
        let browsers = match self.browsers {
            BrowserLifetime::AsShared => BrowserLifetime::AsShared,
            BrowserLifetime::Stated(own) => BrowserLifetime::Stated(own.min(left)),
            // browsers estimate a lifetime that is not stated, which could be beyond the end
            BrowserLifetime::Unstated => BrowserLifetime::Stated(Duration::ZERO),
        };
        let fresh_for = self.fresh_for.min(left);
        left -= fresh_for;
        Self {
            fresh_for,
            stale_while_revalidate: self.stale_while_revalidate.min(left),
            stale_if_error: self.stale_if_error.min(left),
            browsers,
            ..self
        }
    }

    /// The same lifetimes, fresh for no longer than `fresh_for` and then expired.
    pub fn briefly(self, fresh_for: Duration) -> Self {
        let brief = Self {
            fresh_for: self.fresh_for.min(fresh_for),
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
            kept_for: Duration::ZERO,
            ..self
        };
        brief.with_browsers(|own| own.min(fresh_for))
    }

    fn with_browsers(self, change: impl Fn(Duration) -> Duration) -> Self {
        let browsers = match self.browsers {
            BrowserLifetime::Stated(own) => BrowserLifetime::Stated(change(own)),
            browsers => browsers,
        };
        Self { browsers, ..self }
    }

    /// What may be done at this age. Each bound belongs to what comes after it: a response that is fresh for 10 s is
    /// stale at 10 s.
    pub fn state(&self, age: Duration) -> Freshness {
        let Some(stale) = age.checked_sub(self.fresh_for) else { return Freshness::Fresh };
        if stale < self.stale_while_revalidate {
            Freshness::StaleWhileRevalidate
        } else if stale < self.stale_if_error {
            Freshness::StaleIfError
        } else if stale < self.kept_for {
            Freshness::Unvalidated
        } else {
            Freshness::Expired
        }
    }

    /// How long the response is worth keeping: fresh, then the longest of what follows.
    pub fn retained_for(&self) -> Duration {
        let after = self.stale_while_revalidate.max(self.stale_if_error).max(self.kept_for);
        self.fresh_for.saturating_add(after)
    }
}

impl BrowserLifetime {
    /// The time itself, if shared caches may use the response for `fresh_for`.
    fn resolved(self, fresh_for: Duration) -> Option<Duration> {
        match self {
            Self::AsShared => Some(fresh_for),
            Self::Stated(own) => Some(own),
            Self::Unstated => None,
        }
    }
}

#[cfg(test)]
#[path = "lifetimes_tests.rs"]
mod tests;
