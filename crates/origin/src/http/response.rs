//! What the response of an origin means.

use std::time::SystemTime;

use awc::{
    ClientResponse,
    http::{
        StatusCode,
        header::{
            AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, DATE, ETAG, EXPIRES, HeaderMap, HeaderName,
            LAST_MODIFIED, VARY,
        },
    },
};
use http_semantics::CacheHeaders;
use url::Url;

use super::{
    Http, authority,
    body::{self, BodyError, Framing},
    content_coding::{self, Decoded},
};
use crate::{
    CachePolicy, OriginResponse, Validators,
    error::{Error, Phase, Result},
};

impl Http {
    /// Makes an answer of a response that is no redirect.
    pub(super) async fn receive(
        &self,
        response: ClientResponse,
        url: &Url,
        original: &str,
        known: Option<&Validators>,
    ) -> Result<OriginResponse> {
        let status = response.status();
        let validators = validators(response.headers());
        let cache_policy = cache_policy(response.headers());
        let content_type = content_type(response.headers());
        match (status, known) {
            (StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION, _) => {
                let Decoded { body, coding_warning } = self.whole_body(response, url, original).await?;
                Ok(OriginResponse {
                    body: Some(body),
                    validators,
                    cache_policy,
                    content_type,
                    coding_warning,
                })
            }
            (StatusCode::NOT_MODIFIED, Some(known)) => {
                let validators = validators.or(known);
                Ok(OriginResponse {
                    body: None,
                    validators,
                    cache_policy,
                    content_type,
                    coding_warning: None,
                })
            }
            // what follows a switch of protocols is no body, and has no end
            (status, _) if status.is_informational() => {
                Err(refusal(status, authority(url), original.to_owned()))
            }
            _ => {
                body::drain(response).await;
                Err(refusal(status, authority(url), original.to_owned()))
            }
        }
    }

    async fn whole_body(&self, response: ClientResponse, url: &Url, original: &str) -> Result<Decoded> {
        let pause = self.limits.response;
        let body_error = |body_error| match body_error {
            BodyError::TooLarge => Error::TooLarge { original: original.to_owned(), limit: self.max_bytes },
            BodyError::TooSlow => Error::Timeout { host: authority(url), phase: Phase::Body, limit: pause },
            BodyError::Broken(reason) => Error::Broken { host: authority(url), reason },
        };
        let framing = Framing::of_response(&response).ok_or_else(|| body_error(BodyError::endless()))?;
        let codings = codings(response.headers());
        let body = body::read(response, framing, self.max_bytes, pause, &self.connections).await;
        let body = body.map_err(body_error)?;
        content_coding::decode(body, codings.as_deref(), self.max_bytes).await.map_err(body_error)
    }
}

/// The error of a response that is neither an original nor a redirect.
fn refusal(status: StatusCode, host: String, original: String) -> Error {
    match status {
        StatusCode::NOT_FOUND => Error::NotFound { original },
        StatusCode::GONE => Error::Gone { original },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Error::Forbidden { original, reason: format!("{host} answered {status}") }
        }
        _ => Error::Status { host, status: status.as_u16() },
    }
}

/// What was done to the body, in order: `Content-Encoding`. None is asked for, but some servers have bodies only as they were
/// given them.
pub(crate) fn codings(headers: &HeaderMap) -> Option<String> {
    joined(headers, &CONTENT_ENCODING)
}

/// What tells this version from others. A date that is none tells nothing: it is dropped.
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
        // what is no text is no date either
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

/// All lines of a header as one; those that are not text count as `?`, which no directive and no coding is called.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<_> = headers.get_all(name).map(|line| line.to_str().unwrap_or("?")).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}
