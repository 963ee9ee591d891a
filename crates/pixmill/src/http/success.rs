//! An answer as HTTP: its headers, and whether the client has it already.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED, VARY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use result_cache::{Tier, clock};

use super::{conditional::not_modified, freshness::cache_control, put};
use crate::service::{Answer, Found};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_PIXMILL_WARNING: HeaderName = HeaderName::from_static("x-pixmill-warning");

/// What of the request shows in the headers of its answer.
pub struct Remarks {
    /// Names of parameters whose values were brought into their range.
    pub clamped: Vec<&'static str>,
    /// Whether the format was chosen by the `Accept` header.
    pub negotiated: bool,
}

/// The answer, or the note that the client has it.
pub fn response(request: &HttpRequest, answer: &Answer, remarks: &Remarks) -> HttpResponse {
    let meta = &answer.envelope.meta;
    let mut response = if not_modified(request.headers(), meta) {
        HttpResponse::NotModified().finish()
    } else {
        let mut response = HttpResponse::Ok().body(answer.envelope.body.clone());
        put(response.headers_mut(), CONTENT_TYPE, &meta.content_type);
        response
    };
    describe(response.headers_mut(), answer, remarks);
    response
}

fn describe(headers: &mut HeaderMap, answer: &Answer, remarks: &Remarks) {
    let meta = &answer.envelope.meta;
    if let Some(etag) = &meta.etag {
        put(headers, ETAG, etag);
    }
    if let Some(modified) = &meta.last_modified {
        put(headers, LAST_MODIFIED, modified);
    }
    put(headers, CACHE_CONTROL, cache_control(meta, answer.standing));
    headers.insert(AGE, answer.envelope.age(clock::now()).as_secs().into());
    if remarks.negotiated {
        headers.insert(VARY, HeaderValue::from_static("Accept"));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_CACHE, HeaderValue::from_static(answer.found.name()));
    put(headers, SERVER_TIMING, answer.timing.to_string());
    for (name, value) in &meta.headers {
        if let Ok(name) = HeaderName::try_from(name.as_str()) {
            put(headers, name, value);
        }
    }
    if !remarks.clamped.is_empty() {
        put(headers, X_PIXMILL_WARNING, remarks.clamped.join(","));
    }
}

impl Found {
    /// How `X-Cache` and the log call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hit(Tier::Memory) => "hit-memory",
            Self::Hit(Tier::Disk) => "hit-disk",
            Self::Hit(Tier::Redis) => "hit-redis",
            Self::Miss => "miss",
            Self::Coalesced => "coalesced",
            Self::Stale => "stale",
        }
    }
}
