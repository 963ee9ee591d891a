//! Responses that carry a picture: status, headers and body, with conditional and range requests.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CACHE_CONTROL, CONTENT_RANGE, ContentRangeSpec, HeaderMap, HeaderName, HeaderValue},
    },
};
use result_cache::clock;

use super::{
    cache_control::{cache_control, shortened},
    conditional::not_modified,
    error,
    headers::put,
    range::{Part, part},
    response_head::{ResponseHead, ResponseNotes, server_timing},
};
use crate::{error::Error, model::variant::ServedVariant};

/// Where the picture came from, by the name of its [`CacheStatus`](crate::model::cache_status::CacheStatus).
pub const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The response to a request for a picture: 200, 206, 304 or 416.
pub fn build(request: &HttpRequest, answer: &ServedVariant, notes: &ResponseNotes) -> HttpResponse {
    let head = ResponseHead::new(&answer.entry.meta, answer.storability, notes);
    build_with(request, answer, &head, None)
}

/// The response with headers that were made before. It is fresh for at most `max_age`: until the signature expires.
pub fn build_with(
    request: &HttpRequest,
    answer: &ServedVariant,
    head: &ResponseHead,
    max_age: Option<Duration>,
) -> HttpResponse {
    let meta = &answer.entry.meta;
    let body = &answer.entry.body;
    // preconditions on a GET do not apply to the response to an upload (RFC 9110, 13.1.2)
    let conditional = *request.method() != Method::POST;
    let mut response = if conditional && not_modified(request, meta) {
        HttpResponse::NotModified().finish()
    } else {
        match part(request.method(), request, meta, body.len()) {
            Part::Whole => HttpResponse::Ok().body(body.clone()),
            Part::Range(first, last) => {
                let mut response = HttpResponse::PartialContent().body(body.slice(first..=last));
                let range = ContentRangeSpec::Bytes {
                    range: Some((first as u64, last as u64)),
                    instance_length: Some(body.len() as u64),
                };
                put(response.headers_mut(), CONTENT_RANGE, range.to_string());
                response
            }
            Part::Unsatisfiable => return error::respond(request, &Error::Range { length: body.len() }),
        }
    };
    let has_picture = !response.status().is_redirection();
    write_headers(response.headers_mut(), answer, (head, has_picture), max_age);
    response
}

fn write_headers(
    headers: &mut HeaderMap,
    answer: &ServedVariant,
    (head, has_picture): (&ResponseHead, bool),
    max_age: Option<Duration>,
) {
    let age = answer.entry.age(clock::now());
    let max_age = [max_age, answer.max_age].into_iter().flatten().min();
    head.write(headers, has_picture, age.as_secs());
    if let Some(max_age) = max_age
        && !head.no_store
    {
        let shortened = shortened(&answer.entry.meta, age, max_age);
        put(headers, CACHE_CONTROL, cache_control(&shortened, answer.storability));
    }
    headers.insert(X_CACHE, HeaderValue::from_static(answer.cache_status.name()));
    if let Some(timing) = server_timing(&answer.timing) {
        headers.insert(SERVER_TIMING, timing);
    }
}
