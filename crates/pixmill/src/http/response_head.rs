//! The headers of responses with one cache entry: made once, and copied into each response.

use std::{borrow::Cow, cell::RefCell};

use actix_web::http::header::{
    ACCEPT_RANGES, AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use http_semantics::NO_STORE;
use result_cache::EntryMeta;

use super::{
    cache_control::cache_control,
    client_hints::{ACCEPT_CH, ACCEPTED},
};
use crate::{model::original::Storability, server_timing::ServerTiming};

const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");
const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");
const X_PIXMILL_WARNING: HeaderName = HeaderName::from_static("x-pixmill-warning");

/// Values of `Server-Timing` of a hit, by hundredths of a millisecond: most hits in memory take less than these.
const SHORT_LOOKUPS: [&str; 8] = [
    "cache;dur=0.00",
    "cache;dur=0.01",
    "cache;dur=0.02",
    "cache;dur=0.03",
    "cache;dur=0.04",
    "cache;dur=0.05",
    "cache;dur=0.06",
    "cache;dur=0.07",
];

/// Details of the request that appear in the headers of its response.
#[derive(Debug, Default)]
pub struct ResponseNotes {
    /// Names of parameters whose values were clamped to their range, and texts about ignored ones (`X-Pixmill-Warning`).
    pub warnings: Vec<Cow<'static, str>>,
    /// The request headers that the response depends on (`Vary`).
    pub varies: Vec<&'static str>,
    /// Whether client hints are requested (`Accept-CH`).
    pub asks_hints: bool,
    /// Whether the response is for its recipient alone, so that no HTTP cache may store it.
    pub no_store: bool,
}

/// The headers that all responses with an entry to the same request have. Copying one into a response allocates nothing: the
/// values are shared.
#[derive(Debug)]
pub struct ResponseHead {
    headers: Vec<(HeaderName, HeaderValue)>,
    content_type: Option<HeaderValue>,
    /// Whether no HTTP cache may store the response.
    pub no_store: bool,
    /// The last value of `Age`: it changes once per second.
    age: RefCell<(u64, HeaderValue)>,
}

impl ResponseHead {
    /// The headers of responses with an entry that has this description.
    pub fn new(meta: &EntryMeta, storability: Storability, notes: &ResponseNotes) -> Self {
        let mut head = Self {
            headers: Vec::with_capacity(16),
            content_type: HeaderValue::from_str(&meta.content_type).ok(),
            no_store: notes.no_store || storability == Storability::NotStorable,
            age: RefCell::new((0, HeaderValue::from_static("0"))),
        };
        head.add_entry(meta);
        let kept = if notes.no_store { NO_STORE.to_owned() } else { cache_control(meta, storability) };
        head.add(CACHE_CONTROL, kept);
        head.add_static(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        head.add_static(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if !notes.varies.is_empty() {
            head.add(VARY, notes.varies.join(", "));
        }
        if notes.asks_hints {
            head.add_static(ACCEPT_CH, ACCEPTED);
        }
        if !notes.warnings.is_empty() {
            head.add(X_PIXMILL_WARNING, notes.warnings.join(","));
        }
        head
    }

    fn add_entry(&mut self, meta: &EntryMeta) {
        if let Some(etag) = &meta.etag {
            self.add(ETAG, etag);
        }
        // origins may send obsolete date formats, which must not be generated (RFC 9110, 5.6.7)
        let modified = meta.last_modified.as_deref().map(httpdate::parse_http_date);
        if let Some(Ok(modified)) = modified {
            self.add(LAST_MODIFIED, httpdate::fmt_http_date(modified));
        }
        if !meta.tags.is_empty() {
            self.add(SURROGATE_KEY, meta.tags.join(" "));
            self.add(CACHE_TAG, meta.tags.join(","));
        }
        for (name, value) in &meta.headers {
            if let Ok(name) = HeaderName::try_from(name.as_str()) {
                self.add(name, value);
            }
        }
    }

    /// Adds a header, unless the value is not valid in a header.
    fn add(&mut self, name: HeaderName, value: impl AsRef<str>) {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.add_static(name, value);
        }
    }

    fn add_static(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.push((name, value));
    }

    /// Copies the headers into a response to a request that came `age` seconds after the entry was stored. Responses without a
    /// picture have no media type.
    pub fn write(&self, headers: &mut HeaderMap, has_picture: bool, age: u64) {
        headers.reserve(self.headers.len() + EXPECTED_OTHERS);
        if has_picture && let Some(content_type) = &self.content_type {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        headers.insert(AGE, self.age(age));
    }

    fn age(&self, seconds: u64) -> HeaderValue {
        let mut last = self.age.borrow_mut();
        if last.0 != seconds {
            *last = (seconds, seconds.into());
        }
        last.1.clone()
    }
}

/// Headers that other parts of the server add to a response: timing, age, cache status, media type, request id, two of CORS.
const EXPECTED_OTHERS: usize = 8;

/// The value of `Server-Timing`.
pub fn server_timing(timing: &ServerTiming) -> Option<HeaderValue> {
    if let Some(text) = short_lookup(timing) {
        return Some(HeaderValue::from_static(text));
    }
    HeaderValue::from_str(&timing.to_string()).ok()
}

/// The text for a response that needed nothing but a short look-up.
fn short_lookup(timing: &ServerTiming) -> Option<&'static str> {
    let [others @ .., (_, Some(lookup))] = timing.phases() else { return None };
    if others.iter().any(|(_, spent)| spent.is_some()) {
        return None;
    }
    let hundredths = (lookup.as_nanos() + 5_000) / 10_000;
    SHORT_LOOKUPS.get(usize::try_from(hundredths).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn short_lookups_read_as_long_ones() {
        for nanos in [0, 1, 4_900, 5_100, 14_000, 16_000, 71_000, 74_900, 75_100, 3_000_000] {
            let timing = ServerTiming { cache: Some(Duration::from_nanos(nanos)), ..ServerTiming::default() };
            assert_eq!(server_timing(&timing).unwrap(), timing.to_string(), "{nanos}");
            assert_eq!(short_lookup(&timing).is_some(), nanos < 75_000, "{nanos}");
        }
        let built = ServerTiming {
            fetch: Some(Duration::from_millis(3)),
            cache: Some(Duration::ZERO),
            ..ServerTiming::default()
        };
        assert_eq!(server_timing(&built).unwrap(), "fetch;dur=3.00, cache;dur=0.00");
    }

    #[test]
    fn the_same_headers_are_written_each_time_and_age_grows() {
        let meta = EntryMeta {
            content_type: "image/webp".to_owned(),
            etag: Some("\"1\"".to_owned()),
            last_modified: Some("Monday, 05-Jan-26 10:00:00 GMT".to_owned()),
            tags: vec!["a".to_owned(), "b".to_owned()],
            headers: vec![("x-a".to_owned(), "1".to_owned()), ("x-b".to_owned(), "no\nline".to_owned())],
            ..EntryMeta::default()
        };
        let notes = ResponseNotes { varies: vec!["Accept", "Save-Data"], ..ResponseNotes::default() };
        let head = ResponseHead::new(&meta, Storability::Storable, &notes);
        for (age, has_picture) in [(0, true), (0, false), (7, true), (7, true), (0, true)] {
            let mut headers = HeaderMap::new();
            head.write(&mut headers, has_picture, age);
            let get = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(get("age").unwrap(), age.to_string());
            assert_eq!(get("content-type").is_some(), has_picture);
            for (name, value) in [
                ("etag", "\"1\""),
                ("last-modified", "Mon, 05 Jan 2026 10:00:00 GMT"),
                ("surrogate-key", "a b"),
                ("cache-tag", "a,b"),
                ("vary", "Accept, Save-Data"),
                ("x-a", "1"),
            ] {
                assert_eq!(get(name).as_deref(), Some(value), "{name}");
            }
            assert_eq!(get("x-b"), None);
        }
    }
}
