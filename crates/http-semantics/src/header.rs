//! `Cache-Control` of our own responses: lifetimes in, header out.

use std::{fmt::Write, time::Duration};

use crate::{BrowserLifetime, Lifetimes, Revalidation};

/// `Cache-Control` of what nobody may store.
pub const NO_STORE: &str = "no-store";

impl Lifetimes {
    /// The value of `Cache-Control` by which other caches use a response as long as this one does.
    ///
    /// `max-age` is the whole lifetime, of which `Age` says how much is used up (RFC 9111, section 4.2). A lifetime that
    /// the origin stated for shared caches only is passed on as `s-maxage`, beside what it stated for browsers, if
    /// anything. So are the windows for stale use, and what forbids them.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use http_semantics::{BrowserLifetime, Lifetimes};
    /// let lifetimes = Lifetimes {
    ///     fresh_for: Duration::from_secs(600),
    ///     stale_if_error: Duration::from_secs(60),
    ///     browsers: BrowserLifetime::Stated(Duration::from_secs(5)),
    ///     ..Lifetimes::default()
    /// };
    /// assert_eq!(lifetimes.cache_control(), "public, max-age=5, s-maxage=600, stale-if-error=60");
    /// ```
    pub fn cache_control(&self) -> String {
        let shared = self.fresh_for.as_secs();
        let mut text = match self.browsers {
            BrowserLifetime::AsShared => public(self.fresh_for),
            BrowserLifetime::Stated(own) => format!("{}, s-maxage={shared}", public(own)),
            BrowserLifetime::Unstated => format!("public, s-maxage={shared}"),
        };
        text.push_str(match self.revalidation {
            Revalidation::Optional => "",
            Revalidation::Shared => ", proxy-revalidate",
            Revalidation::Required => ", must-revalidate",
            Revalidation::Always => ", no-cache",
        });
        let windows = [
            ("stale-while-revalidate", self.stale_while_revalidate),
            ("stale-if-error", self.stale_if_error),
        ];
        for (name, window) in windows.into_iter().filter(|(_, window)| !window.is_zero()) {
            // writing to a string cannot fail
            let _ = write!(text, ", {name}={}", window.as_secs());
        }
        text
    }
}

/// The value of `Cache-Control` of an absence (404, 410) that is remembered for this long; zero: not at all.
pub fn absence_cache_control(fresh_for: Duration) -> String {
    if fresh_for.is_zero() { NO_STORE.to_owned() } else { public(fresh_for) }
}

/// In whole seconds, rounded down as `Age` is: other caches use nothing for longer than stated.
fn public(fresh_for: Duration) -> String {
    format!("public, max-age={}", fresh_for.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn lifetimes(fresh: u64, revalidate: u64, error: u64) -> Lifetimes {
        Lifetimes {
            fresh_for: secs(fresh),
            stale_while_revalidate: secs(revalidate),
            stale_if_error: secs(error),
            ..Lifetimes::default()
        }
    }

    #[test]
    fn lifetimes_are_passed_on() {
        for (lifetimes, expected) in [
            (lifetimes(60, 5, 9), "public, max-age=60, stale-while-revalidate=5, stale-if-error=9"),
            (lifetimes(0, 0, 9), "public, max-age=0, stale-if-error=9"),
            (lifetimes(0, 0, 0), "public, max-age=0"),
        ] {
            assert_eq!(lifetimes.cache_control(), expected);
        }
    }

    #[test]
    fn what_is_for_shared_caches_is_not_for_browsers() {
        let own = BrowserLifetime::Stated(Duration::from_millis(4_500));
        for (browsers, revalidation, expected) in [
            (own, Revalidation::Optional, "public, max-age=4, s-maxage=600"),
            (BrowserLifetime::Unstated, Revalidation::Optional, "public, s-maxage=600"),
            (own, Revalidation::Shared, "public, max-age=4, s-maxage=600, proxy-revalidate"),
            (BrowserLifetime::AsShared, Revalidation::Required, "public, max-age=600, must-revalidate"),
            (BrowserLifetime::AsShared, Revalidation::Always, "public, max-age=600, no-cache"),
        ] {
            let lifetimes = Lifetimes { browsers, revalidation, ..lifetimes(600, 0, 0) };
            assert_eq!(lifetimes.cache_control(), expected);
        }
    }

    #[test]
    fn absences_are_short() {
        assert_eq!(absence_cache_control(Duration::ZERO), "no-store");
        assert_eq!(absence_cache_control(Duration::from_millis(9_900)), "public, max-age=9");
        assert_eq!(absence_cache_control(secs(10)), "public, max-age=10");
    }
}
