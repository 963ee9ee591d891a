//! What response headers state.

use super::*;
use crate::directives::MAX_DELTA_SECONDS;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const HOUR_LATER: &str = "Sun, 06 Nov 1994 09:49:37 GMT";

fn secs(time: Option<Duration>) -> Option<u64> {
    time.map(|time| time.as_secs())
}

fn cache_control(text: &str) -> CachePolicy {
    let headers = CacheHeaders { cache_control: Some(text), ..Default::default() };
    CachePolicy::parse(headers, SystemTime::UNIX_EPOCH)
}

#[test]
fn lifetime_by_cache_control() {
    for (text, expected) in [
        ("", None),
        ("public", None),
        ("max-age=60", Some(60)),
        ("MAX-AGE = 60", Some(60)),
        ("max-age=\"60\"", Some(60)),
        ("public,max-age=60,immutable", Some(60)),
        ("max-age=60, s-maxage=10", Some(10)),
        ("s-maxage=0, max-age=60", Some(0)),
        ("max-age=60, max-age=10", Some(60)),
        ("max-age=-1", Some(0)),
        ("max-age=1.5", Some(0)),
        ("max-age=+5", Some(0)),
        ("max-age=", Some(0)),
        ("max-age", Some(0)),
        ("max-age=99999999999999999999999", Some(MAX_DELTA_SECONDS)),
        ("max-age=4294967296", Some(MAX_DELTA_SECONDS)),
        ("ext=\"max-age=5, x\", max-age=60", Some(60)),
        ("ext=\"\\\", max-age=5\", max-age=60", Some(60)),
    ] {
        assert_eq!(secs(cache_control(text).lifetime()), expected, "{text}");
    }
}

#[test]
fn lifetime_by_dates() {
    let received = httpdate::parse_http_date(DATE).unwrap();
    let half_past = received + Duration::from_mins(30);
    for (expires, date, now, expected) in [
        (Some(HOUR_LATER), Some(DATE), half_past, Some(3600)),
        (Some(HOUR_LATER), None, half_past, Some(1800)),
        (Some(HOUR_LATER), Some("yesterday"), half_past, Some(1800)),
        (Some(DATE), Some(HOUR_LATER), half_past, Some(0)),
        (Some("0"), Some(DATE), half_past, Some(0)),
        (Some("-1"), None, half_past, Some(0)),
        (None, Some(DATE), half_past, None),
    ] {
        let headers = CacheHeaders { expires, date, ..Default::default() };
        assert_eq!(secs(CachePolicy::parse(headers, now).lifetime()), expected, "{expires:?} {date:?}");
    }
    let both = CacheHeaders {
        cache_control: Some("max-age=5"),
        expires: Some(HOUR_LATER),
        date: Some(DATE),
        ..Default::default()
    };
    assert_eq!(secs(CachePolicy::parse(both, received).lifetime()), Some(5));
}

#[test]
fn age_shortens_what_remains() {
    for (age, remaining) in [
        (None, 60),
        (Some("0"), 60),
        (Some("20"), 40),
        (Some("90"), 0),
        (Some("-5"), 60),
        (Some("x"), 60),
        (Some("20, 50"), 40),
        (Some("99999999999999999999"), 0),
    ] {
        let headers = CacheHeaders { cache_control: Some("max-age=60"), age, ..Default::default() };
        let freshness = CachePolicy::parse(headers, SystemTime::UNIX_EPOCH);
        assert_eq!(secs(freshness.remaining()), Some(remaining), "{age:?}");
    }
    assert_eq!(CachePolicy::default().remaining(), None);
}

#[test]
fn stale_windows() {
    for (text, revalidate, error) in [
        ("max-age=1", None, None),
        ("max-age=1, stale-while-revalidate=30", Some(30), None),
        ("stale-if-error=40, stale-while-revalidate=30", Some(30), Some(40)),
        ("stale-if-error=40, must-revalidate", Some(0), Some(0)),
        ("proxy-revalidate", Some(0), Some(0)),
        ("no-cache, stale-if-error=40", Some(0), Some(0)),
        ("no-cache=\"set-cookie\"", Some(0), Some(0)),
        ("Must-Revalidate , max-age=5", Some(0), Some(0)),
        ("ext=\"must-revalidate\", max-age=5", None, None),
        ("s-maxage=5", Some(0), Some(0)),
        ("s-maxage=5, max-age=3, stale-while-revalidate=30", Some(30), Some(0)),
        ("stale-if-error=\"40\", max-age=0", None, Some(40)),
        ("stale-if-error=40, stale-if-error=50", None, Some(40)),
        ("stale-if-error=-1", None, Some(0)),
    ] {
        let freshness = cache_control(text);
        assert_eq!(secs(freshness.stale_while_revalidate), revalidate, "{text}");
        assert_eq!(secs(freshness.stale_if_error), error, "{text}");
    }
}

#[test]
fn browsers_have_a_lifetime_of_their_own() {
    for (text, expires, shared, private, is_for_shared) in [
        ("max-age=60", None, Some(60), Some(60), false),
        ("s-maxage=60", None, Some(60), None, true),
        ("s-maxage=60, max-age=5", None, Some(60), Some(5), true),
        ("max-age=5, s-maxage=0", None, Some(0), Some(5), true),
        ("s-maxage=\"60\"", Some(HOUR_LATER), Some(60), Some(3600), true),
        ("s-maxage=x", Some("0"), Some(0), Some(0), true),
        ("public", Some(HOUR_LATER), Some(3600), Some(3600), false),
    ] {
        let headers =
            CacheHeaders { cache_control: Some(text), expires, date: Some(DATE), ..Default::default() };
        let found = CachePolicy::parse(headers, SystemTime::UNIX_EPOCH);
        let stated = (secs(found.lifetime()), secs(found.max_age), found.s_maxage.is_some());
        assert_eq!(stated, (shared, private, is_for_shared), "{text} {expires:?}");
    }
}

#[test]
fn an_expires_in_the_past_forbids_stale_use() {
    for (cache_control, expires, window) in [
        (None, Some("0"), Some(0)),
        (None, Some("-1"), Some(0)),
        (None, Some(""), Some(0)),
        (None, Some("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0)),
        (None, Some(DATE), Some(0)),
        (None, Some(HOUR_LATER), None),
        (Some("public"), Some("0"), Some(0)),
        // neither decides beside the other
        (Some("max-age=5"), Some("0"), None),
        (Some("stale-if-error=9"), Some("0"), Some(9)),
    ] {
        let headers = CacheHeaders { cache_control, expires, date: Some(DATE), ..Default::default() };
        let found = CachePolicy::parse(headers, SystemTime::UNIX_EPOCH);
        assert_eq!(secs(found.stale_if_error), window, "{cache_control:?} {expires:?}");
    }
}

#[test]
fn vary_by_everything_is_not_stored() {
    for (vary, no_store) in
        [("*", true), ("Accept, *", true), (" * ", true), ("Accept", false), ("Accept-*", false), ("", false)]
    {
        let headers = CacheHeaders { vary: Some(vary), ..Default::default() };
        assert_eq!(CachePolicy::parse(headers, SystemTime::UNIX_EPOCH).no_store, no_store, "{vary}");
    }
}

#[test]
fn flags() {
    for (text, expected) in [
        ("", [false, false, false]),
        ("no-store", [true, false, false]),
        ("No-Cache", [false, true, false]),
        ("private, max-age=5", [false, false, true]),
        ("private=\"x-user, no-store\"", [false, false, true]),
        ("no-cache=\"set-cookie\"", [false, true, false]),
        ("no-store-at-all", [false, false, false]),
        ("no-store, no-cache, private", [true, true, true]),
    ] {
        let CachePolicy { no_store, revalidation, private, .. } = cache_control(text);
        assert_eq!([no_store, revalidation == Revalidation::Always, private], expected, "{text}");
    }
}

#[test]
fn the_strictest_demand_for_revalidation_counts() {
    use Revalidation::{Always, Optional, Required, Shared};
    for (text, expected) in [
        ("max-age=5", Optional),
        ("proxy-revalidate", Shared),
        ("proxy-revalidate, must-revalidate", Required),
        ("must-revalidate, no-cache", Always),
        ("no-cache, proxy-revalidate", Always),
    ] {
        assert_eq!(cache_control(text).revalidation, expected, "{text}");
    }
}

#[test]
fn a_policy_is_stated_by_cache_control_or_expires() {
    let headers =
        |cache_control, expires, age| CacheHeaders { cache_control, expires, age, ..Default::default() };
    for (headers, stated) in [
        (headers(Some("public"), None, None), true),
        (headers(None, Some("0"), None), true),
        (headers(None, None, Some("5")), false),
    ] {
        assert_eq!(CachePolicy::parse(headers, SystemTime::UNIX_EPOCH).is_stated, stated, "{headers:?}");
    }
}
