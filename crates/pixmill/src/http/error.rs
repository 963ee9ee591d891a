//! Error responses: the only place that maps failures to status codes, error codes and texts for clients.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ALLOW, CACHE_CONTROL, CONTENT_RANGE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use origin::Rule;
use request_trace::TraceId;
use serde_json::{Value, json};
use vips_ops::{Error as ImageError, ErrorKind as Image};

use super::{
    extract::worker,
    headers::{put, put_uncached},
};
use crate::{
    config::Errors,
    error::{Error, ErrorKind, RETRY_SOON},
    signing::Fault,
    telemetry::{access::ErrorReport, current_request},
    uploads::{UploadError, UploadErrorKind as Upload},
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

/// The response to this request, which failed.
pub fn respond(request: &HttpRequest, failure: &Error) -> HttpResponse {
    response(failure, &worker(request).shared.config.errors)
}

/// The response to a request that failed. It never names an upstream host, a file or a library.
pub fn response(failure: &Error, settings: &Errors) -> HttpResponse {
    let (status, _) = status(failure.kind());
    let mut error = object(failure, settings);
    add_ids(&mut error, &current_ids());
    let mut response = HttpResponse::build(status).json(json!({ "error": error }));
    let headers = response.headers_mut();
    put_uncached(headers);
    match failure {
        Error::Absent { fresh_for } => {
            put(headers, CACHE_CONTROL, http_semantics::absence_cache_control(*fresh_for));
        }
        Error::Overloaded { retry_after: delay } => drop(headers.insert(RETRY_AFTER, retry_after(*delay))),
        Error::Origin(origin::Error::Busy { .. })
        | Error::NoWorker
        | Error::Connections
        | Error::Image(ImageError::OutOfMemory(_)) => {
            headers.insert(RETRY_AFTER, retry_after(RETRY_SOON));
        }
        Error::Quarantined { left } => {
            headers.insert(RETRY_AFTER, retry_after(*left));
        }
        Error::Upload(UploadError::Unauthorized) => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"uploads\""));
        }
        Error::Method => drop(headers.insert(ALLOW, HeaderValue::from_static(METHODS))),
        Error::Range { length } => put(headers, CONTENT_RANGE, format!("bytes */{length}")),
        Error::Credentials => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE))),
        _ => {}
    }
    let report = ErrorReport {
        code: code(failure),
        text: failure.to_string(),
        is_warning: failure.excuses_stale(),
        is_internal: status == StatusCode::INTERNAL_SERVER_ERROR,
    };
    response.extensions_mut().insert(report);
    response
}

/// A duration as the value of `Retry-After`: whole seconds, rounded up, at least 1.
fn retry_after(duration: Duration) -> HeaderValue {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    whole.max(1).into()
}

/// The error object of a failure: its code, a text, the URL of an explanation, and the invalid parameter if there is one.
pub fn object(failure: &Error, settings: &Errors) -> Value {
    let (_, code) = status(failure.kind());
    let mut error = json!({ "code": code, "message": message(failure) });
    if let Some(parameter) = parameter(failure) {
        error["parameter"] = parameter.into();
    }
    if let Some(url) = settings.help(code) {
        error["help"] = url.into();
    }
    error
}

/// What finds a request in logs and traces: its id, and its trace.
pub type Ids = (Option<String>, Option<TraceId>);

/// Those of the request of this task.
pub fn current_ids() -> Ids {
    let request = current_request::current().map(|id| id.as_str().to_owned());
    (request, request_trace::current().map(|context| context.trace_id()))
}

/// Adds to an error object what finds it in logs and traces.
pub fn add_ids(error: &mut Value, (request, trace): &Ids) {
    if let Some(id) = request {
        error["request_id"] = id.as_str().into();
    }
    if let Some(id) = trace {
        error["trace_id"] = id.to_string().into();
    }
}

/// Every kind of failure of a request for a picture.
const KINDS: &[ErrorKind] = {
    use origin::ErrorKind as Origin;
    &[
        ErrorKind::Image(Image::Invalid),
        ErrorKind::Image(Image::Undecodable),
        ErrorKind::Origin(Origin::InvalidPath),
        ErrorKind::DynamicOrigin,
        ErrorKind::ParameterRefused,
        ErrorKind::OriginalRefused,
        ErrorKind::Origin(Origin::Forbidden),
        ErrorKind::Signature(Fault::Missing),
        ErrorKind::Signature(Fault::Wrong),
        ErrorKind::Signature(Fault::Expired),
        ErrorKind::Absent,
        ErrorKind::Method,
        ErrorKind::Origin(Origin::TooLarge),
        ErrorKind::Image(Image::Unsupported),
        ErrorKind::Range,
        ErrorKind::Image(Image::OverLimit),
        ErrorKind::RenderMemory,
        ErrorKind::Quarantined,
        ErrorKind::Broken,
        ErrorKind::RenderCrashed,
        ErrorKind::NoWorker,
        ErrorKind::Origin(Origin::NotConfigured),
        ErrorKind::Origin(Origin::Broken),
        ErrorKind::Origin(Origin::Busy),
        ErrorKind::Overloaded,
        ErrorKind::Connections,
        ErrorKind::Image(Image::OutOfMemory),
        ErrorKind::Deadline,
        ErrorKind::Origin(Origin::Timeout),
    ]
};

/// Further kinds of failure of uploads and asynchronous requests.
const UPLOAD_KINDS: &[ErrorKind] = &[
    ErrorKind::Upload(Upload::Unauthorized),
    ErrorKind::Upload(Upload::Malformed),
    ErrorKind::Upload(Upload::TooLarge),
    ErrorKind::Upload(Upload::Timeout),
    ErrorKind::Upload(Upload::NotStored),
    ErrorKind::Upload(Upload::Refused),
    ErrorKind::Upload(Upload::UnknownJob),
    ErrorKind::Upload(Upload::Interrupted),
];

/// The error statuses of requests for pictures, in order, with their reason phrases and error codes.
pub fn statuses() -> Vec<(u16, &'static str, Vec<&'static str>)> {
    listed(KINDS.iter())
}

/// The same for uploads.
pub fn upload_statuses() -> Vec<(u16, &'static str, Vec<&'static str>)> {
    listed(KINDS.iter().chain(UPLOAD_KINDS))
}

fn listed<'a>(kinds: impl Iterator<Item = &'a ErrorKind>) -> Vec<(u16, &'static str, Vec<&'static str>)> {
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
pub fn code(failure: &Error) -> &'static str {
    status(failure.kind()).1
}

/// Every error code that a request for a picture or an upload can get.
pub fn codes() -> impl Iterator<Item = &'static str> {
    KINDS.iter().chain(UPLOAD_KINDS).map(|kind| status(*kind).1)
}

/// Status and code of a sort of failure.
fn status(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::Image(Image::Invalid) | ErrorKind::UnknownParameter => {
            (StatusCode::BAD_REQUEST, "invalid_parameter")
        }
        ErrorKind::Image(Image::Undecodable) => (StatusCode::BAD_REQUEST, "undecodable_image"),
        ErrorKind::Image(Image::Unsupported) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_image"),
        ErrorKind::Image(Image::OverLimit) | ErrorKind::RenderMemory => {
            (StatusCode::UNPROCESSABLE_ENTITY, "over_limit")
        }
        ErrorKind::Image(Image::Overlay) => (StatusCode::BAD_GATEWAY, "overlay_failed"),
        ErrorKind::Image(Image::Deadline) | ErrorKind::Deadline => {
            (StatusCode::GATEWAY_TIMEOUT, "deadline_passed")
        }
        ErrorKind::Origin(kind) => origin_status(kind),
        ErrorKind::Absent => (StatusCode::NOT_FOUND, "not_found"),
        ErrorKind::DynamicOrigin => (StatusCode::UNAUTHORIZED, "dynamic_origin_refused"),
        ErrorKind::ParameterRefused => (StatusCode::UNAUTHORIZED, "parameter_refused"),
        ErrorKind::Signature(fault) => (StatusCode::FORBIDDEN, signature_code(fault)),
        ErrorKind::Range => (StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable"),
        ErrorKind::Credentials => (StatusCode::UNAUTHORIZED, "credentials_missing"),
        ErrorKind::OriginalRefused => (StatusCode::UNAUTHORIZED, "original_refused"),
        ErrorKind::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        ErrorKind::Page => (StatusCode::NOT_FOUND, "no_such_page"),
        ErrorKind::Upload(kind) => upload_status(kind),
        ErrorKind::PurgeUnsent => (StatusCode::SERVICE_UNAVAILABLE, "purge_not_sent"),
        ErrorKind::PurgeUnwritten => (StatusCode::INTERNAL_SERVER_ERROR, "purge_not_written"),
        ErrorKind::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        ErrorKind::NoWorker => (StatusCode::SERVICE_UNAVAILABLE, "no_worker"),
        ErrorKind::RenderCrashed => (StatusCode::INTERNAL_SERVER_ERROR, "render_crashed"),
        ErrorKind::Quarantined => (StatusCode::UNPROCESSABLE_ENTITY, "original_quarantined"),
        ErrorKind::Connections => (StatusCode::SERVICE_UNAVAILABLE, "too_many_connections"),
        ErrorKind::Host => (StatusCode::MISDIRECTED_REQUEST, "unknown_host"),
        ErrorKind::ModelsMissing => (StatusCode::NOT_IMPLEMENTED, "models_missing"),
        ErrorKind::Image(Image::OutOfMemory) => (StatusCode::SERVICE_UNAVAILABLE, "out_of_memory"),
        ErrorKind::Image(Image::Encoder) | ErrorKind::Broken => {
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
fn parameter(failure: &Error) -> Option<&str> {
    match failure {
        Error::Image(ImageError::Invalid(invalid)) => Some(invalid.parameter),
        Error::UnknownParameter { name, .. } => Some(name),
        Error::DynamicOrigin { named: parameter, .. }
        | Error::ParameterRefused { parameter }
        | Error::SizeRefused { parameter, .. }
        | Error::Upload(UploadError::Refused { parameter, .. }) => Some(parameter),
        _ => None,
    }
}

/// The text for the client. Errors whose own text may contain internal details have a fixed one here.
#[expect(clippy::too_many_lines, reason = "one message per error")]
fn message(failure: &Error) -> String {
    let text = match failure {
        Error::Image(ImageError::Invalid(invalid)) => {
            return format!("expected {}, got {:?}", invalid.expected, invalid.value);
        }
        Error::Image(error @ ImageError::OverLimit { .. }) => return error.to_string(),
        Error::RenderMemory { limit } => {
            return format!("the render exceeded workers.max_render_memory, {limit}");
        }
        Error::Quarantined { left } => {
            return format!(
                "original quarantined: its renders crashed or timed out; retry in {} seconds",
                left.as_secs().max(1)
            );
        }
        Error::SizeRefused { near, .. } => {
            return format!("size not allowed: the nearest allowed size is {near} pixels");
        }
        Error::Range { length } => {
            return format!("range not satisfiable: expected a range within {length} bytes");
        }
        Error::Upload(error) => return error.to_string(),
        Error::Image(ImageError::Unsupported(found)) => return found.to_string(),
        Error::Image(ImageError::Undecodable(_)) => "the original cannot be decoded",
        Error::Image(ImageError::Overlay(_)) => "a required overlay could not be fetched or decoded",
        Error::Image(ImageError::Deadline) | Error::Deadline => {
            "deadline exceeded before the picture was ready"
        }
        Error::Origin(error) => origin_message(error.kind()),
        Error::Absent { .. } => NOT_FOUND,
        Error::DynamicOrigin { rule, .. } => refusal_message(*rule),
        Error::UnknownParameter { message, .. } => message,
        Error::ParameterRefused { .. } => "parameter not allowed: it is not in params.allowed",
        Error::Signature(Fault::Missing) => "missing signature: this server requires signed URLs",
        Error::Signature(Fault::Wrong) => "invalid signature: it does not match the path and the parameters",
        Error::Signature(Fault::Expired) => "the signature has expired",
        Error::Credentials => "missing or wrong user name or password",
        Error::OriginalRefused => "unmodified originals are not served: params.allow_original is off",
        Error::Method => "method not allowed: expected one of those in Allow",
        Error::PurgeUnsent => "purged on this node only: other nodes purge as soon as Redis is available",
        Error::PurgeUnwritten => {
            "purged, but not recorded on disk: the purge may be lost when this node restarts, so try again"
        }
        Error::Page => "no such page",
        Error::NoWorker => "no render worker process is available: try again later",
        Error::RenderCrashed => "rendering this original crashed its worker process",
        Error::Overloaded { .. } => "the server is overloaded: try again later",
        Error::Connections => "too many open connections: try again later",
        Error::Host => {
            "unknown host: expected localhost, an IP address of this listener, or a name in admin.hosts_allowed"
        }
        Error::ModelsMissing { .. } => NO_MODELS,
        Error::Image(ImageError::OutOfMemory(_)) => "not enough memory for this picture: try again later",
        Error::Image(ImageError::Encoder(_)) | Error::Broken => "internal server error",
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

    fn status_and_cache_control(failure: &Error) -> (u16, String) {
        let response = response(failure, &Errors::default());
        let cache_control = response.headers().get(CACHE_CONTROL).unwrap().to_str().unwrap().to_owned();
        (response.status().as_u16(), cache_control)
    }

    #[test]
    fn only_not_found_may_be_cached() {
        assert_eq!(
            status_and_cache_control(&Error::Overloaded { retry_after: RETRY_SOON }),
            (503, "no-store".to_owned())
        );
        assert_eq!(status_and_cache_control(&Error::Broken), (500, "no-store".to_owned()));
        let not_found = |seconds| Error::Absent { fresh_for: Duration::from_secs(seconds) };
        assert_eq!(status_and_cache_control(&not_found(5)), (404, "public, max-age=5".to_owned()));
        assert_eq!(status_and_cache_control(&not_found(0)), (404, "no-store".to_owned()));
    }

    #[test]
    fn overload_has_a_retry_after() {
        for (milliseconds, header) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (19_999, "20")] {
            let retry_after = Duration::from_millis(milliseconds);
            let response = response(&Error::Overloaded { retry_after }, &Errors::default());
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
            let failure = Error::from(failure);
            assert!(!message(&failure).contains("secret"), "{failure:?}");
        }
    }
}
