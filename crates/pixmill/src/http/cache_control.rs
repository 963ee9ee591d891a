//! The `Cache-Control` header of responses.

use std::{fmt::Write, time::Duration};

use result_cache::{BrowserLifetime, EntryMeta, Lifetimes, Revalidation};

use crate::originals::Storability;

/// The value of `Cache-Control` for a picture.
///
/// `max-age` is the whole freshness lifetime, of which `Age` states how much has passed (RFC 9111, 4.2). A lifetime that the
/// origin stated for shared caches only is passed on as `s-maxage`, along with the one it stated for browsers, if any; so are
/// `stale-while-revalidate`, `stale-if-error` and the directives that forbid stale responses.
pub fn cache_control(meta: &EntryMeta, storability: Storability) -> String {
    if storability == Storability::NotStorable {
        return "no-store".to_owned();
    }
    let Lifetimes { fresh_for, stale_while_revalidate, stale_if_error, browsers, revalidation, .. } =
        meta.lifetimes;
    let shared = fresh_for.as_secs();
    let mut text = match browsers {
        BrowserLifetime::AsShared => public(fresh_for),
        BrowserLifetime::Stated(own) => format!("{}, s-maxage={shared}", public(own)),
        BrowserLifetime::Unstated => format!("public, s-maxage={shared}"),
    };
    text.push_str(match revalidation {
        Revalidation::Optional => "",
        Revalidation::Shared => ", proxy-revalidate",
        Revalidation::Required => ", must-revalidate",
        Revalidation::Always => ", no-cache",
    });
    let windows = [("stale-while-revalidate", stale_while_revalidate), ("stale-if-error", stale_if_error)];
    for (name, window) in windows.into_iter().filter(|(_, window)| !window.is_zero()) {
        // writing to a string cannot fail
        let _ = write!(text, ", {name}={}", window.as_secs());
    }
    text
}

/// The metadata with a freshness lifetime that ends at most `max_age` from now, for a response of age `age`.
pub fn shortened(meta: &EntryMeta, age: Duration, max_age: Duration) -> EntryMeta {
    // as clients see both: whole seconds, rounded down
    let lifetime = Duration::from_secs(age.as_secs()) + Duration::from_secs(max_age.as_secs());
    EntryMeta { lifetimes: meta.lifetimes.ending(lifetime), ..meta.clone() }
}

/// The value of `Cache-Control` for a 404.
pub fn for_not_found(fresh_for: Duration) -> String {
    if fresh_for.is_zero() { "no-store".to_owned() } else { public(fresh_for) }
}

fn public(fresh_for: Duration) -> String {
    // whole seconds, rounded down as `Age` is, so that no cache keeps it for longer than stated
    format!("public, max-age={}", fresh_for.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(fresh: u64, revalidate: u64, error: u64) -> EntryMeta {
        let lifetimes = Lifetimes {
            fresh_for: Duration::from_secs(fresh),
            stale_while_revalidate: Duration::from_secs(revalidate),
            stale_if_error: Duration::from_secs(error),
            ..Lifetimes::default()
        };
        EntryMeta { lifetimes, ..EntryMeta::default() }
    }

    #[test]
    fn lifetimes_are_passed_on() {
        let all = "public, max-age=60, stale-while-revalidate=5, stale-if-error=9";
        assert_eq!(cache_control(&meta(60, 5, 9), Storability::Storable), all);
        assert_eq!(cache_control(&meta(60, 5, 9), Storability::Stale), all);
        assert_eq!(
            cache_control(&meta(0, 0, 9), Storability::Storable),
            "public, max-age=0, stale-if-error=9"
        );
        assert_eq!(cache_control(&meta(60, 5, 9), Storability::NotStorable), "no-store");
    }

    #[test]
    fn lifetimes_for_shared_caches_are_not_for_browsers() {
        let value = |browsers, revalidation| {
            let mut meta = meta(600, 0, 0);
            meta.lifetimes = Lifetimes { browsers, revalidation, ..meta.lifetimes };
            cache_control(&meta, Storability::Storable)
        };
        let own = BrowserLifetime::Stated(Duration::from_millis(4_500));
        for (browsers, revalidation, expected) in [
            (own, Revalidation::Optional, "public, max-age=4, s-maxage=600"),
            (BrowserLifetime::Unstated, Revalidation::Optional, "public, s-maxage=600"),
            (own, Revalidation::Shared, "public, max-age=4, s-maxage=600, proxy-revalidate"),
            (BrowserLifetime::AsShared, Revalidation::Required, "public, max-age=600, must-revalidate"),
            (BrowserLifetime::AsShared, Revalidation::Always, "public, max-age=600, no-cache"),
        ] {
            assert_eq!(value(browsers, revalidation), expected);
        }
    }

    #[test]
    fn lifetimes_are_shortened() {
        for (age, left, expected) in [
            (0, 30, "public, max-age=30"),
            (10, 30, "public, max-age=40"),
            (58, 5, "public, max-age=60, stale-while-revalidate=3, stale-if-error=3"),
            (0, 500, "public, max-age=60, stale-while-revalidate=5, stale-if-error=9"),
            (0, 0, "public, max-age=0"),
        ] {
            let meta = shortened(&meta(60, 5, 9), Duration::from_secs(age), Duration::from_secs(left));
            assert_eq!(cache_control(&meta, Storability::Storable), expected, "{age} {left}");
        }
    }

    #[test]
    fn not_found_responses() {
        assert_eq!(for_not_found(Duration::ZERO), "no-store");
        assert_eq!(for_not_found(Duration::from_millis(9_900)), "public, max-age=9");
        assert_eq!(for_not_found(Duration::from_secs(10)), "public, max-age=10");
    }
}
