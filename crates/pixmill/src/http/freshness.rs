//! `Cache-Control` and `Age`: how long others may keep an answer.

use std::{fmt::Write, time::Duration};

use result_cache::{Lifetimes, Meta};

use crate::original::Standing;

/// What `Cache-Control` says.
///
/// `max-age` is the whole lifetime, of which `Age` says how much is used up (RFC 9111, 4.2): what remains is what
/// remains here. The windows for stale answers are passed on.
pub fn cache_control(meta: &Meta, standing: Standing) -> String {
    if standing == Standing::Unkept {
        return "no-store".to_owned();
    }
    let lifetimes = &meta.lifetimes;
    let mut text = public(lifetimes.fresh_for);
    let windows = [
        ("stale-while-revalidate", lifetimes.stale_while_revalidate),
        ("stale-if-error", lifetimes.stale_if_error),
    ];
    for (name, window) in windows.into_iter().filter(|(_, window)| !window.is_zero()) {
        // writing to a string cannot fail
        let _ = write!(text, ", {name}={}", window.as_secs());
    }
    text
}

/// The same answer, for others to keep no longer than for `left` from now, when it is `age` old.
pub fn ending(meta: &Meta, age: Duration, left: Duration) -> Meta {
    // as others see them: whole seconds, the age rounded down
    let mut left = Duration::from_secs(age.as_secs()) + Duration::from_secs(left.as_secs());
    let mut meta = meta.clone();
    let Lifetimes { fresh_for, stale_while_revalidate, stale_if_error } = &mut meta.lifetimes;
    *fresh_for = (*fresh_for).min(left);
    left -= *fresh_for;
    for window in [stale_while_revalidate, stale_if_error] {
        *window = (*window).min(left);
    }
    meta
}

/// What `Cache-Control` says of an absence.
pub fn absence(fresh_for: Duration) -> String {
    if fresh_for.is_zero() { "no-store".to_owned() } else { public(fresh_for) }
}

/// What is left of a second counts as one: it is over no sooner.
fn public(fresh_for: Duration) -> String {
    let part = u64::from(fresh_for.subsec_nanos() > 0);
    format!("public, max-age={}", fresh_for.as_secs() + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(fresh: u64, revalidate: u64, error: u64) -> Meta {
        let lifetimes = Lifetimes {
            fresh_for: Duration::from_secs(fresh),
            stale_while_revalidate: Duration::from_secs(revalidate),
            stale_if_error: Duration::from_secs(error),
        };
        Meta { lifetimes, ..Meta::default() }
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
        assert_eq!(absence(Duration::from_millis(9_900)), "public, max-age=10");
        assert_eq!(absence(Duration::from_secs(10)), "public, max-age=10");
    }
}
