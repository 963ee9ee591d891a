//! `Cache-Control` and `Age`: how long others may keep an answer.

use std::{fmt::Write, time::Duration};

use result_cache::Meta;

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
    use result_cache::Lifetimes;

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
    fn absences_are_short() {
        assert_eq!(absence(Duration::ZERO), "no-store");
        assert_eq!(absence(Duration::from_millis(9_900)), "public, max-age=10");
        assert_eq!(absence(Duration::from_secs(10)), "public, max-age=10");
    }
}
