//! What the headers of a response say.

use std::time::SystemTime;

use awc::http::header::{
    AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, DATE, ETAG, EXPIRES, HeaderMap, HeaderName,
    LAST_MODIFIED, VARY,
};
use http_semantics::{CacheHeaders, CachePolicy, Validators};

/// The value of `Content-Encoding`. None is requested, but some servers store bodies only in encoded form.
pub(crate) fn codings(headers: &HeaderMap) -> Option<String> {
    joined(headers, &CONTENT_ENCODING)
}

/// The validators of a response. An invalid date is dropped.
pub(crate) fn validators(headers: &HeaderMap) -> Validators {
    let last_modified = text(headers, &LAST_MODIFIED).filter(|date| httpdate::parse_http_date(date).is_ok());
    Validators {
        etag: text(headers, &ETAG).map(str::to_owned),
        last_modified: last_modified.map(str::to_owned),
    }
}

pub(crate) fn cache_policy(headers: &HeaderMap) -> CachePolicy {
    let cache_control = joined(headers, &CACHE_CONTROL);
    let vary = joined(headers, &VARY);
    let stated = CacheHeaders {
        cache_control: cache_control.as_deref(),
        // a value that is no text is no date
        expires: headers.get(EXPIRES).map(|value| value.to_str().unwrap_or_default()),
        date: text(headers, &DATE),
        age: text(headers, &AGE),
        vary: vary.as_deref(),
    };
    CachePolicy::parse(stated, SystemTime::now())
}

pub(crate) fn content_type(headers: &HeaderMap) -> Option<String> {
    text(headers, &CONTENT_TYPE).map(str::to_owned)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// All lines of a header, joined; those that are not text count as `?`, which is no directive and no coding.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<_> = headers.get_all(name).map(|line| line.to_str().unwrap_or("?")).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}
