//! Error responses: the only place that maps failures to status codes, error codes and texts for clients.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{ALLOW, CACHE_CONTROL, CONTENT_RANGE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use origin::Rule;
use serde_json::{Value, json};
use vips_ops::{Error as ImageError, ErrorKind as Image};

use super::{cache_control, put, put_uncached};
use crate::{
    failure::{Failure, FailureKind, RETRY_SOON},
    signing::Fault,
    telemetry::access::ErrorReport,
    uploads::{Error as UploadError, ErrorKind as Upload},
};

/// The methods allowed for pictures.
pub const METHODS: &str = "GET, HEAD, OPTIONS";

/// The methods allowed on listeners that accept uploads.
pub const UPLOAD_METHODS: &str = "GET, HEAD, POST, OPTIONS";

/// The challenge of the admin listener.
const CHALLENGE: &str = "Basic realm=\"pixmill\", charset=\"UTF-8\"";

/// Status of the readiness probe while the server is not ready.
pub const UNREADY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// Text for an original that does not exist.
const NOT_FOUND: &str = "original not found";

/// Text for a server without vision models.
pub const NO_MODELS: &str =
    "no vision models installed: `make vendor` fetches those that faces, red eyes and recognition need";

/// The response to a request that failed. It never names an upstream host, a file or a library.
pub fn response(failure: &Failure) -> HttpResponse {
    let (status, _) = status(failure.kind());
    let mut response = HttpResponse::build(status).json(json!({ "error": object(failure) }));
    let headers = response.headers_mut();
    put_uncached(headers);
    match failure {
        Failure::Absent { fresh_for } => {
            put(headers, CACHE_CONTROL, cache_control::for_not_found(*fresh_for))
        }
        Failure::Overloaded { retry_after: delay } => drop(headers.insert(RETRY_AFTER, retry_after(*delay))),
        Failure::Origin(origin::Error::Busy { .. })
        | Failure::NoWorker
        | Failure::Connections
        | Failure::Image(ImageError::OutOfMemory(_)) => {
            headers.insert(RETRY_AFTER, retry_after(RETRY_SOON));
        }
        Failure::Quarantined { left } => {
            headers.insert(RETRY_AFTER, retry_after(*left));
        }
        Failure::Upload(UploadError::Unauthorized) => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"uploads\""));
        }
        Failure::Method => drop(headers.insert(ALLOW, HeaderValue::from_static(METHODS))),
        Failure::Range { length } => put(headers, CONTENT_RANGE, format!("bytes */{length}")),
        Failure::Credentials => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE))),
        _ => {}
    }
    let report =
        ErrorReport { code: code(failure), text: failure.to_string(), is_warning: failure.excuses_stale() };
    response.extensions_mut().insert(report);
    response
}

/// A duration as the value of `Retry-After`: whole seconds, rounded up, at least 1.
fn retry_after(duration: Duration) -> HeaderValue {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    whole.max(1).into()
}

/// The error object of a failure: its code, a text, and the invalid parameter if there is one.
pub fn object(failure: &Failure) -> Value {
    let (_, code) = status(failure.kind());
    let mut error = json!({ "code": code, "message": message(failure) });
    if let Some(parameter) = parameter(failure) {
        error["parameter"] = parameter.into();
    }
    error
}

/// Every kind of failure of a request for a picture.
const KINDS: &[FailureKind] = {
    use origin::ErrorKind as Origin;
    &[
        FailureKind::Image(Image::Invalid),
        FailureKind::Image(Image::Undecodable),
        FailureKind::Origin(Origin::InvalidPath),
        FailureKind::DynamicOrigin,
        FailureKind::ParameterRefused,
        FailureKind::OriginalRefused,
        FailureKind::Origin(Origin::Forbidden),
        FailureKind::Signature(Fault::Missing),
        FailureKind::Signature(Fault::Wrong),
        FailureKind::Signature(Fault::Expired),
        FailureKind::Absent,
        FailureKind::Method,
        FailureKind::Origin(Origin::TooLarge),
        FailureKind::Image(Image::Unsupported),
        FailureKind::Range,
        FailureKind::Image(Image::OverLimit),
        FailureKind::RenderMemory,
        FailureKind::Quarantined,
        FailureKind::Broken,
        FailureKind::RenderCrashed,
        FailureKind::NoWorker,
        FailureKind::Origin(Origin::NotConfigured),
        FailureKind::Origin(Origin::Broken),
        FailureKind::Origin(Origin::Busy),
        FailureKind::Overloaded,
        FailureKind::Connections,
        FailureKind::Image(Image::OutOfMemory),
        FailureKind::Deadline,
        FailureKind::Origin(Origin::Timeout),
    ]
};

/// Further kinds of failure of uploads and asynchronous requests.
const UPLOAD_KINDS: &[FailureKind] = &[
    FailureKind::Upload(Upload::Unauthorized),
    FailureKind::Upload(Upload::Malformed),
    FailureKind::Upload(Upload::TooLarge),
    FailureKind::Upload(Upload::Timeout),
    FailureKind::Upload(Upload::NotStored),
    FailureKind::Upload(Upload::Refused),
    FailureKind::Upload(Upload::UnknownJob),
    FailureKind::Upload(Upload::Interrupted),
];

/// The error statuses of requests for pictures, in order, with their reason phrases and error codes.
pub fn statuses() -> Vec<(u16, &'static str, Vec<&'static str>)> {
    listed(KINDS.iter())
}

/// The same for uploads.
pub fn upload_statuses() -> Vec<(u16, &'static str, Vec<&'static str>)> {
    listed(KINDS.iter().chain(UPLOAD_KINDS))
}

fn listed<'a>(kinds: impl Iterator<Item = &'a FailureKind>) -> Vec<(u16, &'static str, Vec<&'static str>)> {
    let mut codes: BTreeMap<StatusCode, Vec<&str>> = BTreeMap::new();
    for (status, code) in kinds.map(|kind| status(*kind)) {
        let codes = codes.entry(status).or_default();
        // several kinds of failure share a code
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let reason = |status: StatusCode| status.canonical_reason().unwrap_or_default();
    codes.into_iter().map(|(status, codes)| (status.as_u16(), reason(status), codes)).collect()
}

/// The error code of a failure.
pub fn code(failure: &Failure) -> &'static str {
    status(failure.kind()).1
}

/// Every error code that a request for a picture or an upload can get.
pub fn codes() -> impl Iterator<Item = &'static str> {
    KINDS.iter().chain(UPLOAD_KINDS).map(|kind| status(*kind).1)
}

/// Status and code of a sort of failure.
fn status(kind: FailureKind) -> (StatusCode, &'static str) {
    match kind {
        FailureKind::Image(Image::Invalid) | FailureKind::UnknownParameter => {
            (StatusCode::BAD_REQUEST, "invalid_parameter")
        }
        FailureKind::Image(Image::Undecodable) => (StatusCode::BAD_REQUEST, "undecodable_image"),
        FailureKind::Image(Image::Unsupported) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_image"),
        FailureKind::Image(Image::OverLimit) | FailureKind::RenderMemory => {
            (StatusCode::UNPROCESSABLE_ENTITY, "over_limit")
        }
        FailureKind::Image(Image::Overlay) => (StatusCode::BAD_GATEWAY, "overlay_failed"),
        FailureKind::Image(Image::Deadline) | FailureKind::Deadline => {
            (StatusCode::GATEWAY_TIMEOUT, "deadline_passed")
        }
        FailureKind::Origin(kind) => origin_status(kind),
        FailureKind::Absent => (StatusCode::NOT_FOUND, "not_found"),
        FailureKind::DynamicOrigin => (StatusCode::UNAUTHORIZED, "dynamic_origin_refused"),
        FailureKind::ParameterRefused => (StatusCode::UNAUTHORIZED, "parameter_refused"),
        FailureKind::Signature(fault) => (StatusCode::FORBIDDEN, signature_code(fault)),
        FailureKind::Range => (StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable"),
        FailureKind::Credentials => (StatusCode::UNAUTHORIZED, "credentials_missing"),
        FailureKind::OriginalRefused => (StatusCode::UNAUTHORIZED, "original_refused"),
        FailureKind::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        FailureKind::Page => (StatusCode::NOT_FOUND, "no_such_page"),
        FailureKind::Upload(kind) => upload_status(kind),
        FailureKind::PurgeUnsent => (StatusCode::SERVICE_UNAVAILABLE, "purge_not_sent"),
        FailureKind::PurgeUnwritten => (StatusCode::INTERNAL_SERVER_ERROR, "purge_not_written"),
        FailureKind::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        FailureKind::NoWorker => (StatusCode::SERVICE_UNAVAILABLE, "no_worker"),
        FailureKind::RenderCrashed => (StatusCode::INTERNAL_SERVER_ERROR, "render_crashed"),
        FailureKind::Quarantined => (StatusCode::UNPROCESSABLE_ENTITY, "original_quarantined"),
        FailureKind::Connections => (StatusCode::SERVICE_UNAVAILABLE, "too_many_connections"),
        FailureKind::Host => (StatusCode::MISDIRECTED_REQUEST, "unknown_host"),
        FailureKind::Blind => (StatusCode::NOT_IMPLEMENTED, "models_missing"),
        FailureKind::Image(Image::OutOfMemory) => (StatusCode::SERVICE_UNAVAILABLE, "out_of_memory"),
        FailureKind::Image(Image::Encoder) | FailureKind::Broken => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal_error")
        }
    }
}

fn signature_code(fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => "signature_missing",
        Fault::Wrong => "signature_wrong",
        Fault::Expired => "signature_expired",
    }
}

fn origin_status(kind: origin::ErrorKind) -> (StatusCode, &'static str) {
    use origin::ErrorKind as Origin;
    match kind {
        Origin::InvalidPath => (StatusCode::BAD_REQUEST, "invalid_path"),
        Origin::NotFound | Origin::Gone => (StatusCode::NOT_FOUND, "not_found"),
        Origin::Forbidden => (StatusCode::FORBIDDEN, "forbidden_by_origin"),
        Origin::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "source_too_large"),
        Origin::NotConfigured => (StatusCode::BAD_GATEWAY, "no_origin"),
        Origin::RefusedAddress
        | Origin::Unreachable
        | Origin::Broken
        | Origin::CircuitOpen
        | Origin::Misconfigured => (StatusCode::BAD_GATEWAY, "origin_failed"),
        Origin::Busy => (StatusCode::SERVICE_UNAVAILABLE, "origin_busy"),
        Origin::Timeout => (StatusCode::GATEWAY_TIMEOUT, "origin_timeout"),
    }
}

fn upload_status(kind: Upload) -> (StatusCode, &'static str) {
    match kind {
        Upload::Unauthorized => (StatusCode::UNAUTHORIZED, "token_missing"),
        Upload::Malformed => (StatusCode::BAD_REQUEST, "malformed_upload"),
        Upload::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "upload_too_large"),
        Upload::Timeout => (StatusCode::REQUEST_TIMEOUT, "upload_timeout"),
        Upload::NotStored => (StatusCode::INSUFFICIENT_STORAGE, "upload_not_kept"),
        Upload::Refused => (StatusCode::UNAUTHORIZED, "parameter_refused"),
        Upload::UnknownJob => (StatusCode::NOT_FOUND, "no_such_job"),
        Upload::Interrupted => (StatusCode::SERVICE_UNAVAILABLE, "interrupted"),
    }
}

/// The parameter that the failure is about.
fn parameter(failure: &Failure) -> Option<&str> {
    match failure {
        Failure::Image(ImageError::Invalid(invalid)) => Some(invalid.parameter),
        Failure::UnknownParameter { name, .. } => Some(name),
        Failure::DynamicOrigin { named: parameter, .. }
        | Failure::ParameterRefused { parameter }
        | Failure::SizeRefused { parameter, .. }
        | Failure::Upload(UploadError::Refused { parameter, .. }) => Some(parameter),
        _ => None,
    }
}

/// The text for the client. Errors whose own text may contain internal details have a fixed one here.
fn message(failure: &Failure) -> String {
    let text = match failure {
        Failure::Image(ImageError::Invalid(invalid)) => {
            return format!("expected {}, got {:?}", invalid.expected, invalid.value);
        }
        Failure::Image(error @ ImageError::OverLimit { .. }) => return error.to_string(),
        Failure::RenderMemory { limit } => {
            return format!("the render exceeded workers.max_render_memory, {limit}");
        }
        Failure::Quarantined { left } => {
            return format!(
                "original quarantined: its renders crashed or timed out; retry in {} seconds",
                left.as_secs().max(1)
            );
        }
        Failure::SizeRefused { near, .. } => {
            return format!("size not allowed: the nearest allowed size is {near} pixels");
        }
        Failure::Range { length } => {
            return format!("range not satisfiable: expected a range within {length} bytes");
        }
        Failure::Upload(error) => return error.to_string(),
        Failure::Image(ImageError::Unsupported(found)) => return found.to_string(),
        Failure::Image(ImageError::Undecodable(_)) => "the original cannot be decoded",
        Failure::Image(ImageError::Overlay(_)) => "a required overlay could not be fetched or decoded",
        Failure::Image(ImageError::Deadline) | Failure::Deadline => {
            "deadline exceeded before the picture was ready"
        }
        Failure::Origin(error) => origin_message(error.kind()),
        Failure::Absent { .. } => NOT_FOUND,
        Failure::DynamicOrigin { rule, .. } => refusal_message(*rule),
        Failure::UnknownParameter { message, .. } => message,
        Failure::ParameterRefused { .. } => "parameter not allowed: it is not in params.allowed",
        Failure::Signature(Fault::Missing) => "missing signature: this server requires signed URLs",
        Failure::Signature(Fault::Wrong) => {
            "invalid signature: it does not match the path and the parameters"
        }
        Failure::Signature(Fault::Expired) => "the signature has expired",
        Failure::Credentials => "missing or wrong user name or password",
        Failure::OriginalRefused => "unmodified originals are not served: params.allow_original is off",
        Failure::Method => "method not allowed: expected one of those in Allow",
        Failure::PurgeUnsent => "purged on this node only: other nodes purge as soon as Redis is available",
        Failure::PurgeUnwritten => {
            "purged, but not recorded on disk: the purge may be lost when this node restarts, so try again"
        }
        Failure::Page => "no such page",
        Failure::NoWorker => "no render worker process is available: try again later",
        Failure::RenderCrashed => "rendering this original crashed its worker process",
        Failure::Overloaded { .. } => "the server is overloaded: try again later",
        Failure::Connections => "too many open connections: try again later",
        Failure::Host => {
            "unknown host: expected localhost, an IP address of this listener, or a name in admin.hosts_allowed"
        }
        Failure::Blind { .. } => NO_MODELS,
        Failure::Image(ImageError::OutOfMemory(_)) => "not enough memory for this picture: try again later",
        Failure::Image(ImageError::Encoder(_)) | Failure::Broken => "internal server error",
    };
    text.to_owned()
}

fn refusal_message(rule: Rule) -> &'static str {
    match rule {
        Rule::AllowDynamic => "requests may not select another origin: origin.allow_dynamic is off",
        Rule::HostsAllowed => "host not allowed: it is not in origin.hosts_allowed",
        Rule::PrivateAllowed => "private addresses are not allowed: see origin.private_allowed",
        Rule::BucketsAllowed => "bucket not allowed: it is not in origin.buckets_allowed",
    }
}

fn origin_message(kind: origin::ErrorKind) -> &'static str {
    use origin::ErrorKind as Origin;
    match kind {
        Origin::InvalidPath => {
            "invalid path: expected an absolute path without dot segments or encoded slashes"
        }
        Origin::NotFound | Origin::Gone => NOT_FOUND,
        Origin::Forbidden => "the origin denied access to the original",
        Origin::TooLarge => "original too large: it exceeds limits.max_bytes",
        Origin::NotConfigured => "no origin is configured",
        Origin::Timeout => "the origin timed out",
        Origin::Busy => "too many concurrent requests to the origin: try again later",
        Origin::RefusedAddress
        | Origin::Unreachable
        | Origin::Broken
        | Origin::CircuitOpen
        | Origin::Misconfigured => "the origin could not be reached, or sent an invalid response",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_and_cache_control(failure: &Failure) -> (u16, String) {
        let response = response(failure);
        let cache_control = response.headers().get(CACHE_CONTROL).unwrap().to_str().unwrap().to_owned();
        (response.status().as_u16(), cache_control)
    }

    #[test]
    fn only_not_found_may_be_cached() {
        assert_eq!(
            status_and_cache_control(&Failure::Overloaded { retry_after: RETRY_SOON }),
            (503, "no-store".to_owned())
        );
        assert_eq!(status_and_cache_control(&Failure::Broken), (500, "no-store".to_owned()));
        let not_found = |seconds| Failure::Absent { fresh_for: Duration::from_secs(seconds) };
        assert_eq!(status_and_cache_control(&not_found(5)), (404, "public, max-age=5".to_owned()));
        assert_eq!(status_and_cache_control(&not_found(0)), (404, "no-store".to_owned()));
    }

    #[test]
    fn overload_has_a_retry_after() {
        for (milliseconds, header) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (19_999, "20")] {
            let retry_after = Duration::from_millis(milliseconds);
            let response = response(&Failure::Overloaded { retry_after });
            assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), header, "{milliseconds} ms");
        }
    }

    #[test]
    fn texts_never_name_the_origin() {
        let failures = [
            origin::Error::Unreachable { host: "secret".into(), reason: "secret".into() },
            origin::Error::Forbidden { original: "secret".into(), reason: "secret".into() },
            origin::Error::InvalidPath { path: "secret".into(), reason: "x" },
        ];
        for failure in failures {
            let failure = Failure::from(failure);
            assert!(!message(&failure).contains("secret"), "{failure:?}");
        }
    }
}
