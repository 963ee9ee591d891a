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
    /// Do not use it.
    Expired,
}

/// How long an entry may be used. Both stale windows begin when freshness ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifetimes {
    /// Used without asking anybody.
    pub fresh_for: Duration,
    /// After that, used while it is fetched anew.
    pub stale_while_revalidate: Duration,
    /// After that, used if fetching it anew fails.
    pub stale_if_error: Duration,
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
    /// `stale-while-revalidate`. For `must-revalidate` and its kind, zero.
    pub stale_while_revalidate: Option<Duration>,
    /// `stale-if-error`. For `must-revalidate` and its kind, zero.
    pub stale_if_error: Option<Duration>,
    /// `no-store`.
    pub no_store: bool,
    /// `private`.
    pub private: bool,
    /// `no-cache`.
    pub no_cache: bool,
}

impl Lifetimes {
    /// The lifetimes of a found original, or nothing if it must not be stored.
    ///
    /// `no-store` and `private` forbid storing. `no-cache` is stored but never used without asking: it is not
    /// fresh and has no window of revalidation in the background, so it serves revalidation by its validators
    /// and, within the window for errors, a broken origin. Anything else is the stated age less what was used
    /// up on the way, or `cache.default_ttl` when nothing is stated, within `cache.min_ttl..=cache.max_ttl`.
    pub fn found(stated: &Stated, config: &Config) -> Option<Self> {
        if stated.no_store || stated.private {
            return None;
        }
        let stale_if_error = stated.stale_if_error.unwrap_or(config.stale_if_error);
        if stated.no_cache {
            return Some(Self { stale_if_error, ..Self::default() });
        }
        let aged = stated.age.unwrap_or_default();
        let fresh_for = stated
            .shared_max_age
            .or(stated.max_age)
            .or(stated.expires_in)
            .map_or(config.default_ttl, |total| total.saturating_sub(aged));
        Some(Self {
            fresh_for: fresh_for.min(config.max_ttl).max(config.min_ttl),
            stale_while_revalidate: stated.stale_while_revalidate.unwrap_or(config.stale_while_revalidate),
            stale_if_error,
        })
    }

    /// The lifetimes of a remembered absence (404, 410), or nothing if it must not be stored:
    /// `cache.negative_ttl`, or less if the origin says so, and never stale, since an uploaded picture must
    /// show soon.
    pub fn absent(stated: &Stated, config: &Config) -> Option<Self> {
        let forbidden = stated.no_store || stated.private || stated.no_cache;
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
        } else {
            Freshness::Expired
        }
    }

    /// How long the entry is worth keeping: fresh, then the longer of the stale windows.
    pub fn retained_for(&self) -> Duration {
        self.fresh_for.saturating_add(self.stale_while_revalidate.max(self.stale_if_error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Freshness::{Expired, Fresh, StaleIfError, StaleWhileRevalidate};

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn lifetimes(fresh: u64, revalidate: u64, error: u64) -> Lifetimes {
        Lifetimes {
            fresh_for: secs(fresh),
            stale_while_revalidate: secs(revalidate),
            stale_if_error: secs(error),
        }
    }

    #[test]
    fn state_at_every_bound() {
        let table = [
            (lifetimes(10, 5, 20), 0, Fresh),
            (lifetimes(10, 5, 20), 9, Fresh),
            (lifetimes(10, 5, 20), 10, StaleWhileRevalidate),
            (lifetimes(10, 5, 20), 14, StaleWhileRevalidate),
            (lifetimes(10, 5, 20), 15, StaleIfError),
            (lifetimes(10, 5, 20), 29, StaleIfError),
            (lifetimes(10, 5, 20), 30, Expired),
            (lifetimes(10, 20, 5), 29, StaleWhileRevalidate),
            (lifetimes(10, 20, 5), 30, Expired),
            (lifetimes(10, 0, 0), 10, Expired),
            (lifetimes(0, 0, 5), 0, StaleIfError),
            (lifetimes(0, 0, 0), 0, Expired),
        ];
        for (lifetimes, age, expected) in table {
            assert_eq!(lifetimes.state(secs(age)), expected, "{lifetimes:?} at {age} s");
            let kept = secs(age) < lifetimes.retained_for();
            assert_eq!(kept, expected != Expired, "{lifetimes:?} at {age} s: kept and usable must agree");
        }
    }

    #[test]
    fn the_longest_durations_do_not_overflow() {
        let forever =
            Lifetimes { fresh_for: Duration::MAX, stale_if_error: Duration::MAX, ..Lifetimes::default() };
        assert_eq!(forever.retained_for(), Duration::MAX);
        assert_eq!(forever.state(secs(u64::MAX)), Fresh);
    }

    fn config() -> Config {
        Config {
            default_ttl: secs(100),
            min_ttl: secs(10),
            max_ttl: secs(1000),
            negative_ttl: secs(5),
            stale_while_revalidate: secs(30),
            stale_if_error: secs(300),
            ..Config::default()
        }
    }

    #[test]
    fn found_table() {
        let nothing = Stated::default();
        let some = |seconds| Some(secs(seconds));
        let table = [
            ("nothing stated", nothing, Some(lifetimes(100, 30, 300))),
            ("max-age", Stated { max_age: some(50), ..nothing }, Some(lifetimes(50, 30, 300))),
            ("expires", Stated { expires_in: some(60), ..nothing }, Some(lifetimes(60, 30, 300))),
            (
                "max-age wins over expires",
                Stated { max_age: some(50), expires_in: some(60), ..nothing },
                Some(lifetimes(50, 30, 300)),
            ),
            (
                "s-maxage wins over all",
                Stated { shared_max_age: some(70), max_age: some(50), expires_in: some(60), ..nothing },
                Some(lifetimes(70, 30, 300)),
            ),
            (
                "age is used up",
                Stated { max_age: some(50), age: some(20), ..nothing },
                Some(lifetimes(30, 30, 300)),
            ),
            (
                "age beyond",
                Stated { max_age: some(50), age: some(90), ..nothing },
                Some(lifetimes(10, 30, 300)),
            ),
            (
                "age alone does not shorten the default",
                Stated { age: some(90), ..nothing },
                Some(lifetimes(100, 30, 300)),
            ),
            ("below the least", Stated { max_age: some(0), ..nothing }, Some(lifetimes(10, 30, 300))),
            ("above the most", Stated { max_age: some(9999), ..nothing }, Some(lifetimes(1000, 30, 300))),
            (
                "own stale windows",
                Stated { stale_while_revalidate: some(0), stale_if_error: some(7), ..nothing },
                Some(lifetimes(100, 0, 7)),
            ),
            ("no-store", Stated { no_store: true, max_age: some(50), ..nothing }, None),
            ("private", Stated { private: true, max_age: some(50), ..nothing }, None),
            ("no-cache", Stated { no_cache: true, max_age: some(50), ..nothing }, Some(lifetimes(0, 0, 300))),
            (
                "no-cache with own windows",
                Stated {
                    no_cache: true,
                    stale_while_revalidate: some(9),
                    stale_if_error: some(7),
                    ..nothing
                },
                Some(lifetimes(0, 0, 7)),
            ),
            ("no-cache and no-store", Stated { no_cache: true, no_store: true, ..nothing }, None),
        ];
        for (name, stated, expected) in table {
            assert_eq!(Lifetimes::found(&stated, &config()), expected, "{name}");
        }
    }

    #[test]
    fn absent_table() {
        let nothing = Stated::default();
        let some = |seconds| Some(secs(seconds));
        let table = [
            ("nothing stated", nothing, Some(lifetimes(5, 0, 0))),
            ("longer", Stated { max_age: some(3600), ..nothing }, Some(lifetimes(5, 0, 0))),
            ("shorter", Stated { max_age: some(2), ..nothing }, Some(lifetimes(2, 0, 0))),
            ("none at all", Stated { max_age: some(0), ..nothing }, None),
            ("own windows", Stated { stale_if_error: some(99), ..nothing }, Some(lifetimes(5, 0, 0))),
            ("no-store", Stated { no_store: true, ..nothing }, None),
            ("private", Stated { private: true, ..nothing }, None),
            ("no-cache", Stated { no_cache: true, ..nothing }, None),
        ];
        for (name, stated, expected) in table {
            assert_eq!(Lifetimes::absent(&stated, &config()), expected, "{name}");
        }
        let off = Config { negative_ttl: Duration::ZERO, ..config() };
        assert_eq!(Lifetimes::absent(&nothing, &off), None, "negative_ttl of zero switches it off");
    }
}
