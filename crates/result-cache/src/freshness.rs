//! How long an entry may be used: what the origin said, within the bounds the operator set.

use std::time::Duration;

use crate::Config;

/// What may be done with an entry of a certain age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Use it.
    Fresh,
    /// Use it and fetch it anew in the background; also good when the origin is broken.
    StaleWhileRevalidate,
    /// Fetch it anew first, use it only if the origin is broken.
    StaleIfError,
    /// Use it only if the origin says that it has not changed.
    Unvalidated,
    /// Do not use it.
    Expired,
}

impl Freshness {
    /// Whether it may be used if the origin, asked for news, gives nothing.
    pub fn excuses_errors(self) -> bool {
        matches!(self, Self::Fresh | Self::StaleWhileRevalidate | Self::StaleIfError)
    }
}

/// How long an entry may be used. The stale windows begin when freshness ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifetimes {
    /// Used without asking anybody.
    pub fresh_for: Duration,
    /// After that, used while it is fetched anew.
    pub stale_while_revalidate: Duration,
    /// After that, used if fetching it anew fails.
    pub stale_if_error: Duration,
    /// After that, worth keeping, since the origin may say that it has not changed.
    pub kept_for: Duration,
    /// How long browsers may use it.
    pub browsers: BrowserLifetime,
    /// What others may do with it once it is no longer fresh.
    pub revalidation: Revalidation,
}

/// How long the caches of single users may use an entry, counted as `fresh_for`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BrowserLifetime {
    /// As long as caches that many share.
    #[default]
    AsShared,
    /// This long, while the origin has said another time for shared caches.
    Stated(Duration),
    /// The origin has stated a time for shared caches alone.
    Unstated,
}

/// Whether something may be used that is no longer fresh, from the least to the most that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Revalidation {
    /// Whoever has it may decide.
    #[default]
    Optional,
    /// Caches that many share must ask first (`proxy-revalidate`).
    Shared,
    /// All caches must (`must-revalidate`).
    Required,
    /// They must even before it is out of date (`no-cache`).
    Always,
}

/// What an origin says about the freshness of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stated {
    /// `s-maxage`, which wins over the others.
    pub shared_max_age: Option<Duration>,
    /// `max-age`, which wins over `Expires`.
    pub max_age: Option<Duration>,
    /// `Expires` less `Date`; zero when it lies in the past or cannot be read.
    pub expires_in: Option<Duration>,
    /// `Age`: how long it was cached on the way here.
    pub age: Option<Duration>,
    /// `stale-while-revalidate`; zero where something else forbids it.
    pub stale_while_revalidate: Option<Duration>,
    /// `stale-if-error`; zero where something else forbids it.
    pub stale_if_error: Option<Duration>,
    /// `no-store`.
    pub no_store: bool,
    /// `private`.
    pub private: bool,
    /// `no-cache`, `must-revalidate` and `proxy-revalidate`.
    pub revalidation: Revalidation,
}

impl Lifetimes {
    /// The lifetimes of a found original, or nothing if it must not be stored.
    ///
    /// `no-store` and `private` forbid storing. `no-cache` is stored but never used without asking. It, and
    /// `must-revalidate` and its kind, leave no stale window, whatever is configured: what is out of date then
    /// serves revalidation by its validators alone. Anything else is the stated age less what was used up on the
    /// way, or `cache.default_ttl` when nothing is stated, within `cache.min_ttl..=cache.max_ttl`.
    pub fn found(stated: &Stated, config: &Config) -> Option<Self> {
        if stated.no_store || stated.private {
            return None;
        }
        let kept_for = config.stale_while_revalidate.max(config.stale_if_error);
        let strict = Self { kept_for, revalidation: stated.revalidation, ..Self::default() };
        if stated.revalidation == Revalidation::Always {
            return Some(strict);
        }
        let aged = stated.age.unwrap_or_default();
        let within = |total: Duration| total.saturating_sub(aged).min(config.max_ttl).max(config.min_ttl);
        let own = stated.max_age.or(stated.expires_in);
        let lifetimes = Self {
            fresh_for: stated.shared_max_age.or(own).map_or(config.default_ttl, within),
            browsers: match (stated.shared_max_age, own) {
                (None, _) => BrowserLifetime::AsShared,
                (Some(_), Some(own)) => BrowserLifetime::Stated(within(own)),
                (Some(_), None) => BrowserLifetime::Unstated,
            },
            ..strict
        };
        if stated.revalidation != Revalidation::Optional {
            return Some(lifetimes);
        }
        Some(Self {
            stale_while_revalidate: stated.stale_while_revalidate.unwrap_or(config.stale_while_revalidate),
            stale_if_error: stated.stale_if_error.unwrap_or(config.stale_if_error),
            ..lifetimes
        })
    }

    /// The lifetimes of an entry that the origin has just revalidated without stating new ones: the stored lifetimes,
    /// less the age that caches between here and the origin stated.
    pub fn renewed(self, age: Duration) -> Self {
        Self { fresh_for: self.fresh_for.saturating_sub(age), ..self }
            .with_browsers(|own| own.saturating_sub(age))
    }

    /// The lifetimes of something that was made of two things: what both allow. `other` was stored `later` than this,
    /// or `earlier`; the result counts from when this was stored.
    pub fn of_both(self, other: Self, later: Duration, earlier: Duration) -> Self {
        let shifted = |time: Duration| time.saturating_add(later).saturating_sub(earlier);
        let revalidation = self.revalidation.max(other.revalidation);
        let fresh_for = match revalidation {
            // not even for the moment between the two
            Revalidation::Always => Duration::ZERO,
            _ => self.fresh_for.min(shifted(other.fresh_for)),
        };
        Self {
            fresh_for,
            stale_while_revalidate: self.stale_while_revalidate.min(other.stale_while_revalidate),
            stale_if_error: self.stale_if_error.min(other.stale_if_error),
            kept_for: self.kept_for.min(other.kept_for),
            browsers: match (self.browsers, other.browsers) {
                (BrowserLifetime::AsShared, BrowserLifetime::AsShared) => BrowserLifetime::AsShared,
                (one, two) => match (one.stated(self.fresh_for), two.stated(other.fresh_for).map(shifted)) {
                    (Some(one), Some(two)) => BrowserLifetime::Stated(one.min(two)),
                    // one of the two is meant for shared caches alone: the other says how long at most
                    (Some(time), None) | (None, Some(time)) => BrowserLifetime::Stated(time.min(fresh_for)),
                    (None, None) => BrowserLifetime::Unstated,
                },
            },
            revalidation,
        }
    }

    /// The same, used for no longer than this in all, fresh or not, and by nobody.
    pub fn ending(self, mut left: Duration) -> Self {
        let browsers = match self.browsers {
            BrowserLifetime::AsShared => BrowserLifetime::AsShared,
            BrowserLifetime::Stated(own) => BrowserLifetime::Stated(own.min(left)),
            // what is not stated is guessed, beyond any end
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

    /// The same, fresh for no longer than this and then of no use.
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

    /// The lifetimes of a remembered absence (404, 410), or nothing if it must not be stored:
    /// `cache.negative_ttl`, or less if the origin says so, and never stale, since an uploaded picture must
    /// show soon.
    pub fn absent(stated: &Stated, config: &Config) -> Option<Self> {
        let forbidden = stated.no_store || stated.private || stated.revalidation == Revalidation::Always;
        let own = stated.shared_max_age.or(stated.max_age).or(stated.expires_in);
        let fresh_for = own.unwrap_or(Duration::MAX).min(config.negative_ttl);
        (!forbidden && !fresh_for.is_zero()).then_some(Self { fresh_for, ..Self::default() })
    }

    /// What may be done at this age. Each bound belongs to what comes after it: an entry that is fresh for 10
    /// s is stale at 10 s.
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

    /// How long the entry is worth keeping: fresh, then the longest of what follows.
    pub fn retained_for(&self) -> Duration {
        let after = self.stale_while_revalidate.max(self.stale_if_error).max(self.kept_for);
        self.fresh_for.saturating_add(after)
    }
}

impl BrowserLifetime {
    /// In figures, where shared caches may use it for `fresh_for`.
    fn stated(self, fresh_for: Duration) -> Option<Duration> {
        match self {
            Self::AsShared => Some(fresh_for),
            Self::Stated(own) => Some(own),
            Self::Unstated => None,
        }
    }
}

#[cfg(test)]
#[path = "freshness_tests.rs"]
mod tests;
