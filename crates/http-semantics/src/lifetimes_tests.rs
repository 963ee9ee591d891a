//! What origins state within the limits that operators set.

use super::*;
use Freshness::{Expired, Fresh, StaleIfError, StaleWhileRevalidate, Unvalidated};
use Revalidation::{Always, Required, Shared};

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

/// The same as made by `for_response`, which keeps all as long as the longest window that is configured.
fn found(fresh: u64, revalidate: u64, error: u64) -> Lifetimes {
    Lifetimes { kept_for: secs(300), ..lifetimes(fresh, revalidate, error) }
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
        (found(10, 0, 5), 14, StaleIfError),
        (found(10, 0, 5), 15, Unvalidated),
        (found(0, 0, 0), 0, Unvalidated),
        (found(0, 0, 0), 299, Unvalidated),
        (found(0, 0, 0), 300, Expired),
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

fn limits() -> Limits {
    Limits {
        default_ttl: secs(100),
        min_ttl: secs(10),
        max_ttl: secs(1000),
        negative_ttl: secs(5),
        stale_while_revalidate: secs(30),
        stale_if_error: secs(300),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn responses() {
    let nothing = CachePolicy::default();
    let asked = CachePolicy { revalidation: Always, ..nothing };
    let some = |seconds| Some(secs(seconds));
    let table = [
        ("nothing stated", nothing, Some(found(100, 30, 300))),
        ("max-age", CachePolicy { max_age: some(50), ..nothing }, Some(found(50, 30, 300))),
        (
            "s-maxage wins over all",
            CachePolicy { s_maxage: some(70), max_age: some(50), ..nothing },
            Some(Lifetimes { browsers: BrowserLifetime::Stated(secs(50)), ..found(70, 30, 300) }),
        ),
        (
            "s-maxage alone says nothing to browsers",
            CachePolicy { s_maxage: some(70), age: secs(5), ..nothing },
            Some(Lifetimes { browsers: BrowserLifetime::Unstated, ..found(65, 30, 300) }),
        ),
        (
            "browsers have their own bounds, and the age in common",
            CachePolicy { s_maxage: some(0), max_age: some(9999), age: secs(5), ..nothing },
            Some(Lifetimes { browsers: BrowserLifetime::Stated(secs(1000)), ..found(10, 30, 300) }),
        ),
        (
            "age is used up",
            CachePolicy { max_age: some(50), age: secs(20), ..nothing },
            Some(found(30, 30, 300)),
        ),
        ("age beyond", CachePolicy { max_age: some(50), age: secs(90), ..nothing }, Some(found(10, 30, 300))),
        (
            "age alone does not shorten the default",
            CachePolicy { age: secs(90), ..nothing },
            Some(found(100, 30, 300)),
        ),
        ("below the least", CachePolicy { max_age: some(0), ..nothing }, Some(found(10, 30, 300))),
        ("above the most", CachePolicy { max_age: some(9999), ..nothing }, Some(found(1000, 30, 300))),
        (
            "own stale windows",
            CachePolicy { stale_while_revalidate: some(0), stale_if_error: some(7), ..nothing },
            Some(found(100, 0, 7)),
        ),
        ("no-store", CachePolicy { no_store: true, max_age: some(50), ..nothing }, None),
        ("private", CachePolicy { private: true, max_age: some(50), ..nothing }, None),
        (
            "no-cache",
            CachePolicy { max_age: some(50), ..asked },
            Some(Lifetimes { revalidation: Always, ..found(0, 0, 0) }),
        ),
        (
            "must-revalidate",
            CachePolicy { revalidation: Required, max_age: some(50), ..nothing },
            Some(Lifetimes { revalidation: Required, ..found(50, 0, 0) }),
        ),
        (
            "proxy-revalidate with own windows",
            CachePolicy { revalidation: Shared, stale_if_error: some(7), ..nothing },
            Some(Lifetimes { revalidation: Shared, ..found(100, 0, 0) }),
        ),
        (
            "no-cache with own windows",
            CachePolicy { stale_while_revalidate: some(9), stale_if_error: some(7), ..asked },
            Some(Lifetimes { revalidation: Always, ..found(0, 0, 0) }),
        ),
        ("no-cache and no-store", CachePolicy { no_store: true, ..asked }, None),
    ];
    for (name, stated, expected) in table {
        assert_eq!(Lifetimes::for_response(&stated, &limits()), expected, "{name}");
    }
}

#[test]
fn absences() {
    let nothing = CachePolicy::default();
    let some = |seconds| Some(secs(seconds));
    let table = [
        ("nothing stated", nothing, Some(lifetimes(5, 0, 0))),
        ("longer", CachePolicy { max_age: some(3600), ..nothing }, Some(lifetimes(5, 0, 0))),
        ("shorter", CachePolicy { max_age: some(2), ..nothing }, Some(lifetimes(2, 0, 0))),
        ("none at all", CachePolicy { max_age: some(0), ..nothing }, None),
        ("own windows", CachePolicy { stale_if_error: some(99), ..nothing }, Some(lifetimes(5, 0, 0))),
        ("no-store", CachePolicy { no_store: true, ..nothing }, None),
        ("private", CachePolicy { private: true, ..nothing }, None),
        ("no-cache", CachePolicy { revalidation: Always, ..nothing }, None),
    ];
    for (name, stated, expected) in table {
        assert_eq!(Lifetimes::for_absence(&stated, &limits()), expected, "{name}");
    }
    let off = Limits { negative_ttl: Duration::ZERO, ..limits() };
    assert_eq!(Lifetimes::for_absence(&nothing, &off), None, "negative_ttl of zero switches it off");
}

#[test]
fn combined_lifetimes_are_what_both_allow() {
    use BrowserLifetime::{AsShared, Stated, Unstated};
    let with = |fresh, browsers| Lifetimes { browsers, ..found(fresh, 30, 300) };
    for (one, two, fresh, browsers) in [
        (with(60, AsShared), with(50, AsShared), 50, AsShared),
        (with(60, Stated(secs(5))), with(50, AsShared), 50, Stated(secs(5))),
        (with(60, Stated(secs(90))), with(50, AsShared), 50, Stated(secs(50))),
        (with(60, Stated(secs(5))), with(50, Stated(secs(4))), 50, Stated(secs(4))),
        (with(60, Unstated), with(50, Unstated), 50, Unstated),
        (with(60, Unstated), with(90, AsShared), 60, Stated(secs(60))),
        (with(60, Unstated), with(90, Stated(secs(7))), 60, Stated(secs(7))),
    ] {
        for (one, two) in [(one, two), (two, one)] {
            let both = one.combined(two, Duration::ZERO, Duration::ZERO);
            assert_eq!((both.fresh_for, both.browsers), (secs(fresh), browsers), "{one:?} {two:?}");
        }
    }
    let strict = Lifetimes { revalidation: Required, ..found(50, 0, 0) };
    assert_eq!(found(60, 30, 300).combined(strict, Duration::ZERO, Duration::ZERO), strict);
    let always = Lifetimes { revalidation: Always, ..found(0, 0, 0) };
    assert_eq!(found(60, 30, 300).combined(always, secs(5), Duration::ZERO), always);
    assert_eq!(found(60, 3, 3).combined(found(50, 9, 9), secs(5), Duration::ZERO), found(55, 3, 3));
    assert_eq!(found(60, 3, 3).combined(found(50, 9, 9), Duration::ZERO, secs(60)), found(0, 3, 3));
}

#[test]
fn an_end_holds_for_browsers_too() {
    use BrowserLifetime::{Stated, Unstated};
    let with = |fresh, browsers| Lifetimes { browsers, ..found(fresh, 30, 300) };
    assert_eq!(
        with(60, Stated(secs(90))).ending(secs(70)),
        Lifetimes { browsers: Stated(secs(70)), ..found(60, 10, 10) }
    );
    assert_eq!(with(60, Unstated).ending(secs(70)).browsers, Stated(Duration::ZERO));
    let brief = with(60, Stated(secs(90))).briefly(secs(5));
    assert_eq!(brief, Lifetimes { browsers: Stated(secs(5)), ..lifetimes(5, 0, 0) });
    assert_eq!(with(60, Stated(secs(9))).renewed(secs(5)).fresh_for, secs(55));
    assert_eq!(with(60, Stated(secs(9))).renewed(secs(5)).browsers, Stated(secs(4)));
}
