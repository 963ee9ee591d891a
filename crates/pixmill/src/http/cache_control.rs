//! `Cache-Control` and `Age`: how long others may keep an answer.

use std::{fmt::Write, time::Duration};

use result_cache::{BrowserLifetime, EntryMeta, Lifetimes, Revalidation};

use crate::original::Standing;

/// What `Cache-Control` says.
///
/// `max-age` is the whole lifetime, of which `Age` says how much is used up (RFC 9111, 4.2): what remains is what
/// remains here. A time that the origin stated for shared caches alone is passed on as one for them, and with it what the origin
/// stated for browsers, if anything. So are the windows for stale answers, and what forbids them.
pub fn cache_control(meta: &EntryMeta, standing: Standing) -> String {
    if standing == Standing::Unkept {
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

/// The same answer, for others to keep no longer than for `left` from now, when it is `age` old.
pub fn ending(meta: &EntryMeta, age: Duration, left: Duration) -> EntryMeta {
    // as others see them: whole seconds, the age rounded down
    let left = Duration::from_secs(age.as_secs()) + Duration::from_secs(left.as_secs());
    EntryMeta { lifetimes: meta.lifetimes.ending(left), ..meta.clone() }
}

/// What `Cache-Control` says of an absence.
pub fn absence(fresh_for: Duration) -> String {
    if fresh_for.is_zero() { "no-store".to_owned() } else { public(fresh_for) }
}

fn public(fresh_for: Duration) -> String {
    // whole seconds, rounded down as `Age` is: others keep nothing for longer than was stated
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
        assert_eq!(cache_control(&meta(60, 5, 9), Standing::Kept), all);
        assert_eq!(cache_control(&meta(60, 5, 9), Standing::Outdated), all);
        assert_eq!(cache_control(&meta(0, 0, 9), Standing::Kept), "public, max-age=0, stale-if-error=9");
        assert_eq!(cache_control(&meta(60, 5, 9), Standing::Unkept), "no-store");
    }

    #[test]
    fn what_is_for_shared_caches_is_not_for_browsers() {
        let told = |browsers, revalidation| {
            let mut meta = meta(600, 0, 0);
            meta.lifetimes = Lifetimes { browsers, revalidation, ..meta.lifetimes };
            cache_control(&meta, Standing::Kept)
        };
        let own = BrowserLifetime::Stated(Duration::from_millis(4_500));
        for (browsers, revalidation, expected) in [
            (own, Revalidation::Optional, "public, max-age=4, s-maxage=600"),
            (BrowserLifetime::Unstated, Revalidation::Optional, "public, s-maxage=600"),
            (own, Revalidation::Shared, "public, max-age=4, s-maxage=600, proxy-revalidate"),
            (BrowserLifetime::AsShared, Revalidation::Required, "public, max-age=600, must-revalidate"),
            (BrowserLifetime::AsShared, Revalidation::Always, "public, max-age=600, no-cache"),
        ] {
            assert_eq!(told(browsers, revalidation), expected);
        }
    }

    #[test]
    fn nothing_is_kept_beyond_its_end() {
        for (age, left, expected) in [
            (0, 30, "public, max-age=30"),
            (10, 30, "public, max-age=40"),
            (58, 5, "public, max-age=60, stale-while-revalidate=3, stale-if-error=3"),
            (0, 500, "public, max-age=60, stale-while-revalidate=5, stale-if-error=9"),
            (0, 0, "public, max-age=0"),
        ] {
            let meta = ending(&meta(60, 5, 9), Duration::from_secs(age), Duration::from_secs(left));
            assert_eq!(cache_control(&meta, Standing::Kept), expected, "{age} {left}");
        }
    }

    #[test]
    fn absences_are_short() {
        assert_eq!(absence(Duration::ZERO), "no-store");
        assert_eq!(absence(Duration::from_millis(9_900)), "public, max-age=9");
        assert_eq!(absence(Duration::from_secs(10)), "public, max-age=10");
    }
}
