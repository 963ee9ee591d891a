//! How long an original may be kept, by the words of its origin (RFC 9111, RFC 5861).

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// The largest number of seconds that is told from a larger one (RFC 9111, 1.2.2).
const FOREVER: u64 = 1 << 31;

/// What the origin said about keeping an original. Nothing said, nothing set: no default is applied here.
#[expect(clippy::struct_excessive_bools, reason = "each is something that was said or not")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// How long the response is fresh from the moment the origin made it: `s-maxage`, else `max-age`, else `Expires`
    /// less `Date`. Zero is an origin that wants to be asked each time.
    pub lifetime: Option<Duration>,
    /// The same for caches of single users: `max-age`, else `Expires` less `Date`.
    pub private_lifetime: Option<Duration>,
    /// Whether the lifetime is one for shared caches alone: `s-maxage`.
    pub is_for_shared: bool,
    /// How long ago the origin made the response, by the `Age` of the caches before us.
    pub age: Duration,
    /// How long after its lifetime it may be served while a new one is fetched. Zero where the origin insists on
    /// revalidation, or where it would take a word of the origin that did not come: after `s-maxage` (RFC 9111, 4.2.4),
    /// and after an `Expires` that has passed already.
    pub stale_while_revalidate: Option<Duration>,
    /// How long after its lifetime it may be served if the origin fails. Zero as the other.
    pub stale_if_error: Option<Duration>,
    /// It must not be kept: `no-store`, and `Vary: *`, by which no other request may have it.
    pub no_store: bool,
    /// It may be kept, but must be revalidated before each use.
    pub no_cache: bool,
    /// It must be revalidated once it is out of date: `must-revalidate`.
    pub must_revalidate: bool,
    /// The same for shared caches alone: `proxy-revalidate`.
    pub proxy_revalidate: bool,
    /// It is meant for one user; a cache shared by many must not keep it.
    pub private: bool,
    /// Whether anything was said. A "not modified" answer without a word leaves what was said before as it is.
    pub is_stated: bool,
}

/// The response headers that speak of freshness; several lines of one name are joined by commas.
#[derive(Debug, Clone, Copy, Default)]
pub struct FreshnessHeaders<'a> {
    /// `Cache-Control`
    pub cache_control: Option<&'a str>,
    /// `Expires`
    pub expires: Option<&'a str>,
    /// `Date`
    pub date: Option<&'a str>,
    /// `Age`
    pub age: Option<&'a str>,
    /// `Vary`
    pub vary: Option<&'a str>,
}

impl Freshness {
    /// How long the response stays fresh from the moment it came.
    pub fn remaining(&self) -> Option<Duration> {
        Some(self.lifetime?.saturating_sub(self.age))
    }

    /// Reads the headers of a response that came at `received`.
    ///
    /// What cannot be understood counts as the shorter time, as RFC 9111, 4.2.1 advises: an `Expires` that is no date
    /// has passed, a `max-age` that is no number is zero.
    pub fn parse(headers: FreshnessHeaders<'_>, received: SystemTime) -> Self {
        let directives = Directives::parse(headers.cache_control.unwrap_or_default());
        let expires = headers.expires.map(|expires| expires_after(expires, headers.date, received));
        let private_lifetime = directives.max_age.or(expires);
        let must_ask = directives.must_revalidate || directives.proxy_revalidate || directives.no_cache;
        // what the origin says has passed already is not to be used without its word, nor what is for shared caches
        let is_over = directives.max_age.is_none() && expires == Some(Duration::ZERO);
        let is_strict = directives.s_maxage.is_some() || is_over;
        let stale = |window: Option<Duration>| match window {
            _ if must_ask => Some(Duration::ZERO),
            None if is_strict => Some(Duration::ZERO),
            window => window,
        };
        Self {
            lifetime: directives.s_maxage.or(private_lifetime),
            private_lifetime,
            is_for_shared: directives.s_maxage.is_some(),
            age: headers.age.map(age).unwrap_or_default(),
            stale_while_revalidate: stale(directives.stale_while_revalidate),
            stale_if_error: stale(directives.stale_if_error),
            no_store: directives.no_store || headers.vary.is_some_and(varies_by_all),
            no_cache: directives.no_cache,
            must_revalidate: directives.must_revalidate,
            proxy_revalidate: directives.proxy_revalidate,
            private: directives.private,
            is_stated: headers.cache_control.is_some() || headers.expires.is_some(),
        }
    }
}

/// A list counts by its first member (RFC 9111, 5.1).
fn age(text: &str) -> Duration {
    seconds(text.split(',').next().unwrap_or_default())
}

/// Whether the answer depends on more than can be known (RFC 9110, 12.5.5).
fn varies_by_all(vary: &str) -> bool {
    vary.split(',').any(|name| name.trim() == "*")
}

fn expires_after(expires: &str, date: Option<&str>, received: SystemTime) -> Duration {
    let Ok(expires) = httpdate::parse_http_date(expires.trim()) else { return Duration::ZERO };
    let made = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok()).unwrap_or(received);
    expires.duration_since(made).unwrap_or_default()
}

/// A number of whole seconds; zero for anything else.
fn seconds(text: &str) -> Duration {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Duration::ZERO;
    }
    Duration::from_secs(text.parse().unwrap_or(FOREVER).min(FOREVER))
}

#[expect(clippy::struct_excessive_bools, reason = "each is a directive that is there or not")]
#[derive(Default)]
struct Directives {
    s_maxage: Option<Duration>,
    max_age: Option<Duration>,
    stale_while_revalidate: Option<Duration>,
    stale_if_error: Option<Duration>,
    must_revalidate: bool,
    proxy_revalidate: bool,
    no_store: bool,
    no_cache: bool,
    private: bool,
}

impl Directives {
    /// The first of a repeated directive counts. `no-cache` and `private` that name fields count as if they did not:
    /// a cache that cannot treat single fields must.
    fn parse(cache_control: &str) -> Self {
        let mut directives = Self::default();
        for directive in split_outside_quotes(cache_control) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let time = || seconds(value.trim().trim_matches('"'));
            match name.trim().to_ascii_lowercase().as_str() {
                "s-maxage" => first(&mut directives.s_maxage, time),
                "max-age" => first(&mut directives.max_age, time),
                "stale-while-revalidate" => first(&mut directives.stale_while_revalidate, time),
                "stale-if-error" => first(&mut directives.stale_if_error, time),
                "must-revalidate" => directives.must_revalidate = true,
                "proxy-revalidate" => directives.proxy_revalidate = true,
                "no-store" => directives.no_store = true,
                "no-cache" => directives.no_cache = true,
                "private" => directives.private = true,
                _ => {}
            }
        }
        directives
    }
}

fn first(slot: &mut Option<Duration>, value: impl FnOnce() -> Duration) {
    slot.get_or_insert_with(value);
}

/// Splits at commas, save those inside a quoted string.
fn split_outside_quotes(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' => return !quoted,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const HOUR_LATER: &str = "Sun, 06 Nov 1994 09:49:37 GMT";

    fn secs(time: Option<Duration>) -> Option<u64> {
        time.map(|time| time.as_secs())
    }

    fn cache_control(text: &str) -> Freshness {
        let headers = FreshnessHeaders { cache_control: Some(text), ..Default::default() };
        Freshness::parse(headers, SystemTime::UNIX_EPOCH)
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
            ("max-age=99999999999999999999999", Some(FOREVER)),
            ("max-age=4294967296", Some(FOREVER)),
            ("ext=\"max-age=5, x\", max-age=60", Some(60)),
            ("ext=\"\\\", max-age=5\", max-age=60", Some(60)),
        ] {
            assert_eq!(secs(cache_control(text).lifetime), expected, "{text}");
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
            let headers = FreshnessHeaders { expires, date, ..Default::default() };
            assert_eq!(secs(Freshness::parse(headers, now).lifetime), expected, "{expires:?} {date:?}");
        }
        let both = FreshnessHeaders {
            cache_control: Some("max-age=5"),
            expires: Some(HOUR_LATER),
            date: Some(DATE),
            ..Default::default()
        };
        assert_eq!(secs(Freshness::parse(both, received).lifetime), Some(5));
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
            let headers = FreshnessHeaders { cache_control: Some("max-age=60"), age, ..Default::default() };
            let freshness = Freshness::parse(headers, SystemTime::UNIX_EPOCH);
            assert_eq!(secs(freshness.remaining()), Some(remaining), "{age:?}");
        }
        assert_eq!(Freshness::default().remaining(), None);
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
    fn browsers_have_a_time_of_their_own() {
        for (text, expires, shared, private, is_for_shared) in [
            ("max-age=60", None, Some(60), Some(60), false),
            ("s-maxage=60", None, Some(60), None, true),
            ("s-maxage=60, max-age=5", None, Some(60), Some(5), true),
            ("max-age=5, s-maxage=0", None, Some(0), Some(5), true),
            ("s-maxage=\"60\"", Some(HOUR_LATER), Some(60), Some(3600), true),
            ("s-maxage=x", Some("0"), Some(0), Some(0), true),
            ("public", Some(HOUR_LATER), Some(3600), Some(3600), false),
        ] {
            let headers = FreshnessHeaders {
                cache_control: Some(text),
                expires,
                date: Some(DATE),
                ..Default::default()
            };
            let found = Freshness::parse(headers, SystemTime::UNIX_EPOCH);
            let told = (secs(found.lifetime), secs(found.private_lifetime), found.is_for_shared);
            assert_eq!(told, (shared, private, is_for_shared), "{text} {expires:?}");
        }
    }

    #[test]
    fn what_has_passed_is_not_used_on() {
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
            let headers = FreshnessHeaders { cache_control, expires, date: Some(DATE), ..Default::default() };
            let found = Freshness::parse(headers, SystemTime::UNIX_EPOCH);
            assert_eq!(secs(found.stale_if_error), window, "{cache_control:?} {expires:?}");
        }
    }

    #[test]
    fn what_varies_by_all_is_not_stored() {
        for (vary, no_store) in [
            ("*", true),
            ("Accept, *", true),
            (" * ", true),
            ("Accept", false),
            ("Accept-*", false),
            ("", false),
        ] {
            let headers = FreshnessHeaders { vary: Some(vary), ..Default::default() };
            assert_eq!(Freshness::parse(headers, SystemTime::UNIX_EPOCH).no_store, no_store, "{vary}");
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
            let Freshness { no_store, no_cache, private, .. } = cache_control(text);
            assert_eq!([no_store, no_cache, private], expected, "{text}");
        }
    }
}
