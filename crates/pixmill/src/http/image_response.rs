//! Responses that carry a picture: status, headers and body, with conditional and range requests.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{
            ACCEPT_RANGES, AGE, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ContentRangeSpec, ETAG,
            HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED, VARY, X_CONTENT_TYPE_OPTIONS,
        },
    },
};
use http_semantics::NO_STORE;
use result_cache::clock;

use super::{
    cache_control::{cache_control, shortened},
    client_hints::{ACCEPT_CH, ACCEPTED},
    conditional::not_modified,
    error,
    headers::put,
    range::{Part, part},
    slices,
};
use crate::{error::Error, model::variant::ServedVariant};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");
const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_PIXMILL_WARNING: HeaderName = HeaderName::from_static("x-pixmill-warning");

/// Details of the request that appear in the headers of its response.
#[derive(Debug, Default)]
pub struct ResponseNotes {
    /// Names of parameters whose values were clamped to their range (`X-Pixmill-Warning`).
    pub clamped: Vec<&'static str>,
    /// The request headers that the response depends on (`Vary`).
    pub varies: Vec<&'static str>,
    /// Whether client hints are requested (`Accept-CH`).
    pub asks_hints: bool,
    /// Limit on the freshness lifetime: the time until the signature expires.
    pub max_age: Option<Duration>,
    /// Whether the response is for its recipient alone, so that no HTTP cache may store it.
    pub no_store: bool,
}

/// The response to a request for a picture: 200, 206, 304 or 416.
pub fn build(request: &HttpRequest, answer: &ServedVariant, notes: &ResponseNotes) -> HttpResponse {
    let meta = &answer.entry.meta;
    let body = &answer.entry.body;
    // preconditions on a GET do not apply to the response to an upload (RFC 9110, 13.1.2)
    let conditional = *request.method() != Method::POST;
    let mut response = if conditional && not_modified(request, meta) {
        HttpResponse::NotModified().finish()
    } else {
        match part(request.method(), request, meta, body.len()) {
            Part::Whole => HttpResponse::Ok().body(slices::body(body.clone())),
            Part::Range(first, last) => {
                let mut response =
                    HttpResponse::PartialContent().body(slices::body(body.slice(first..=last)));
                let range = ContentRangeSpec::Bytes {
                    range: Some((first as u64, last as u64)),
                    instance_length: Some(body.len() as u64),
                };
                put(response.headers_mut(), CONTENT_RANGE, range.to_string());
                response
            }
            Part::Unsatisfiable => return error::response(&Error::Range { length: body.len() }),
        }
    };
    if !response.status().is_redirection() {
        put(response.headers_mut(), CONTENT_TYPE, &meta.content_type);
    }
    write_headers(response.headers_mut(), answer, notes);
    response.extensions_mut().insert(answer.cache_status);
    response
}

fn write_headers(headers: &mut HeaderMap, answer: &ServedVariant, notes: &ResponseNotes) {
    let meta = &answer.entry.meta;
    if let Some(etag) = &meta.etag {
        put(headers, ETAG, etag);
    }
    // origins may send obsolete date formats, which must not be generated (RFC 9110, 5.6.7)
    let modified = meta.last_modified.as_deref().map(httpdate::parse_http_date);
    if let Some(Ok(modified)) = modified {
        put(headers, LAST_MODIFIED, httpdate::fmt_http_date(modified));
    }
    let age = answer.entry.age(clock::now());
    let kept = match notes.max_age {
        _ if notes.no_store => NO_STORE.to_owned(),
        Some(max_age) => cache_control(&shortened(meta, age, max_age), answer.storability),
        None => cache_control(meta, answer.storability),
    };
    put(headers, CACHE_CONTROL, kept);
    headers.insert(AGE, age.as_secs().into());
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if !notes.varies.is_empty() {
        put(headers, VARY, notes.varies.join(", "));
    }
    if notes.asks_hints {
        headers.insert(ACCEPT_CH, ACCEPTED);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_CACHE, HeaderValue::from_static(answer.cache_status.name()));
    if !meta.tags.is_empty() {
        put(headers, SURROGATE_KEY, meta.tags.join(" "));
        put(headers, CACHE_TAG, meta.tags.join(","));
    }
    put(headers, SERVER_TIMING, answer.timing.to_string());
    for (name, value) in &meta.headers {
        if let Ok(name) = HeaderName::try_from(name.as_str()) {
            put(headers, name, value);
        }
    }
    if !notes.clamped.is_empty() {
        put(headers, X_PIXMILL_WARNING, notes.clamped.join(","));
    }
}
