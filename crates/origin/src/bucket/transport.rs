//! Sends the requests of `object_store` by awc.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use awc::{
    Client, ClientResponse,
    http::header::{
        ACCEPT_ENCODING, CONTENT_LENGTH, ETAG, HOST, HeaderName, HeaderValue, LAST_MODIFIED, USER_AGENT,
    },
};
use bytes::Bytes;
use http_semantics::{CachePolicy, Validators};
use object_store::client::{HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody};
use tokio::time::timeout;
use url::Url;

use crate::{
    bucket::tcp::{ClientFactory, Clients},
    config::origin_config::OriginConfig,
    error::{Error, Phase},
    http::{
        body::{self, BodyError, Framing},
        client::client_url,
        content_coding::{self, Decoded},
        counted_stream::Connections,
        error::{self, Limits},
        response,
    },
};

/// The longest response that is no original, in bytes: tokens and error messages, of a few KiB each.
const NOTE_BYTES: u64 = 256 * 1024;

/// Captures the head of the response to a request for an original, which `object_store` passes on in parts only. It is
/// passed along as an extension of the request.
#[derive(Debug, Clone)]
pub(crate) struct ResponseCapture {
    original: Arc<str>,
    max_bytes: u64,
    head: Arc<Mutex<Option<CapturedHead>>>,
    /// The trace that the request belongs to: it is sent by another task.
    trace: Option<request_trace::Context>,
}

/// The captured head of a response.
#[derive(Debug, Clone)]
pub(crate) struct CapturedHead {
    pub(crate) validators: Validators,
    pub(crate) cache_policy: CachePolicy,
    pub(crate) content_type: Option<String>,
    /// Why the body may not be what the origin meant, see [`Decoded`].
    pub(crate) coding_warning: Option<String>,
}

/// The connections of one worker to buckets.
pub(crate) struct Transport {
    factory: ClientFactory,
    /// Replaced when one of the connections can no longer be trusted, as in `ClientPool::retire`.
    clients: RefCell<Clients>,
    connections: Connections,
    user_agent: HeaderValue,
    limits: Limits,
}

impl ResponseCapture {
    /// For a request of this task.
    pub(crate) fn new(original: &str, max_bytes: u64) -> Self {
        let trace = request_trace::current();
        Self { original: original.into(), max_bytes, head: Arc::default(), trace }
    }

    /// The headers that tell the bucket which trace the request belongs to.
    fn trace_headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let headers = self.trace.as_ref().map(|trace| {
            [("traceparent", trace.traceparent()), ("tracestate", trace.tracestate().to_owned())]
        });
        headers.into_iter().flatten().filter(|(_, value)| !value.is_empty())
    }

    /// The head of the last response.
    pub(crate) fn head(&self) -> Option<CapturedHead> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, response: &ClientResponse) {
        let headers = response.headers();
        let head = CapturedHead {
            validators: response::validators(headers),
            cache_policy: response::cache_policy(headers),
            content_type: response::content_type(headers),
            coding_warning: None,
        };
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Some(head);
    }

    fn note_doubt(&self, coding_warning: Option<String>) {
        if let Some(head) = self.head.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            head.coding_warning = coding_warning;
        }
    }
}

impl Transport {
    /// An error says what is wrong with the configuration.
    pub(crate) fn new(config: &OriginConfig) -> Result<Self, String> {
        let connections = Connections::default();
        let factory = ClientFactory::new(config, &connections)?;
        Ok(Self {
            clients: RefCell::new(factory.clients()),
            factory,
            connections,
            user_agent: HeaderValue::from_str(&config.user_agent)
                .map_err(|_| "origin.user_agent is no header value".to_owned())?,
            limits: Limits::new(config),
        })
    }

    /// Sends a request and reads the whole response. Redirects are not followed: a signature is valid for one URL.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let capture = request.extensions().get::<ResponseCapture>().cloned();
        let trace = capture.as_ref().and_then(|capture| capture.trace.clone());
        request_trace::scope(trace, self.send_captured(request, capture)).await
    }

    async fn send_captured(
        &self,
        request: HttpRequest,
        capture: Option<ResponseCapture>,
    ) -> Result<HttpResponse, HttpError> {
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let is_head = request.method() == ::http::Method::HEAD;
        // held until the body is read: the pool must outlive its connections, see `body::read`
        let clients = self.clients.borrow().clone();
        let client = if request.uri().scheme_str() == Some("https") { clients.tls } else { clients.plain };
        let response = self.head(&client, request, &host).await?;
        if !is_head && !body::is_delimited(&response) {
            tracing::debug!(host, "response without a stated length: dropping all connections");
            self.clients.replace(self.factory.clients());
        }
        if let Some(capture) = &capture {
            capture.note(&response);
        }
        let mut answer = head_of(&response);
        let status = response.status();
        let bodiless = is_head
            || status.is_informational()
            || status.is_redirection()
            || status == awc::http::StatusCode::NO_CONTENT;
        let body = match capture {
            _ if bodiless => Bytes::new(),
            Some(capture) if status.is_success() => self.original(response, &host, &capture).await?,
            // an incomplete error message is no reason to hide the status
            _ if !status.is_success() => {
                self.whole(response, &host, NOTE_BYTES, "").await.map(readable).unwrap_or_default()
            }
            _ => self.whole(response, &host, NOTE_BYTES, &host).await?,
        };
        if !is_head {
            // object_store requires a length, which chunked responses do not state
            answer = answer.header(::http::header::CONTENT_LENGTH, body.len());
        }
        answer
            .body(HttpResponseBody::from(body))
            .map_err(|error| HttpError::new(HttpErrorKind::Decode, error))
    }

    /// Waits for the head of the response.
    async fn head(
        &self,
        client: &Client,
        request: HttpRequest,
        host: &str,
    ) -> Result<ClientResponse, HttpError> {
        let limit = self.limits.response;
        let sent = timeout(limit, self.request(client, request, host)?);
        match sent.await {
            Ok(Ok(response)) => Ok(response),
            // there was no response: object_store retries
            Ok(Err(error)) => {
                let early = error::is_retryable(&error);
                let error = error::send_error(host.to_owned(), error, &self.limits);
                Err(HttpError::new(if early { HttpErrorKind::Request } else { kind(&error) }, error))
            }
            Err(_) => Err(failed(Error::Timeout { host: host.to_owned(), phase: Phase::Response, limit })),
        }
    }

    fn request(
        &self,
        client: &Client,
        request: HttpRequest,
        host: &str,
    ) -> Result<awc::SendClientRequest, HttpError> {
        let broken =
            |reason: &str| failed(Error::Broken { host: host.to_owned(), reason: reason.to_owned() });
        let (parts, body) = request.into_parts();
        let trace_headers = parts.extensions.get::<ResponseCapture>().map(ResponseCapture::trace_headers);
        let method = awc::http::Method::from_bytes(parts.method.as_str().as_bytes())
            .map_err(|_| broken("the request has an invalid method"))?;
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| broken("the request has an invalid URL"))?;
        let mut outgoing = client
            .request(method, client_url(&url))
            .no_decompress()
            .insert_header((HOST, host))
            .insert_header((USER_AGENT, self.user_agent.clone()))
            .insert_header((ACCEPT_ENCODING, "identity"));
        for (name, value) in &parts.headers {
            let name = HeaderName::from_bytes(name.as_str().as_bytes());
            let value = HeaderValue::from_bytes(value.as_bytes());
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(broken("the request has an invalid header"));
            };
            value.set_sensitive(true);
            outgoing = outgoing.insert_header((name, value));
        }
        // not signed, as signatures are made of what `object_store` knows
        for header in trace_headers.into_iter().flatten() {
            outgoing = outgoing.insert_header(header);
        }
        Ok(match parts.method {
            ::http::Method::GET | ::http::Method::HEAD => outgoing.send_body(awc::body::None::new()),
            // with a Content-Length even for an empty body, which metadata services require
            _ => outgoing.send_body(body.as_bytes().cloned().unwrap_or_default()),
        })
    }

    /// The body of an original, without content codings.
    async fn original(
        &self,
        response: ClientResponse,
        host: &str,
        capture: &ResponseCapture,
    ) -> Result<Bytes, HttpError> {
        let ResponseCapture { original, max_bytes, .. } = capture;
        let codings = response::codings(response.headers());
        let body = self.whole(response, host, *max_bytes, original).await?;
        let decoded = content_coding::decode(body, codings.as_deref(), *max_bytes).await;
        let Decoded { body, coding_warning } =
            decoded.map_err(|body_error| self.body_error(body_error, host, *max_bytes, original))?;
        capture.note_doubt(coding_warning);
        Ok(body)
    }

    async fn whole(
        &self,
        response: ClientResponse,
        host: &str,
        limit: u64,
        original: &str,
    ) -> Result<Bytes, HttpError> {
        let body_error = |body_error| self.body_error(body_error, host, limit, original);
        let framing = Framing::of_response(&response).ok_or_else(|| body_error(BodyError::endless()))?;
        let pause = self.limits.response;
        body::read(response, framing, limit, pause, &self.connections).await.map_err(body_error)
    }

    fn body_error(&self, body_error: BodyError, host: &str, limit: u64, original: &str) -> HttpError {
        failed(match body_error {
            BodyError::TooLarge => Error::TooLarge { original: original.to_owned(), limit },
            BodyError::TooSlow => {
                Error::Timeout { host: host.to_owned(), phase: Phase::Body, limit: self.limits.response }
            }
            BodyError::Broken(reason) => Error::Broken { host: host.to_owned(), reason },
        })
    }
}

/// The head of a response in the types of `object_store`, without its length. Headers that it requires but does not pass on
/// are filled in: compatible services leave some out, or have dates in other formats.
fn head_of(response: &ClientResponse) -> ::http::response::Builder {
    let mut head = ::http::Response::builder().status(response.status().as_u16());
    for (name, value) in response.headers() {
        if name != CONTENT_LENGTH && name != LAST_MODIFIED {
            head = head.header(name.as_str(), value.as_bytes());
        }
    }
    let validators = response::validators(response.headers());
    let date = validators.last_modified.and_then(|date| httpdate::parse_http_date(&date).ok());
    head =
        head.header(LAST_MODIFIED.as_str(), httpdate::fmt_http_date(date.unwrap_or(SystemTime::UNIX_EPOCH)));
    if validators.etag.is_none() {
        head = head.header(ETAG.as_str(), "\"\"");
    }
    head
}

/// An error message as UTF-8, which `object_store` requires.
fn readable(body: Bytes) -> Bytes {
    match String::from_utf8_lossy(&body) {
        std::borrow::Cow::Borrowed(_) => body,
        std::borrow::Cow::Owned(text) => text.into(),
    }
}

fn failed(error: Error) -> HttpError {
    HttpError::new(kind(&error), error)
}

/// The kind of an error for `object_store`, which retries failed connections.
fn kind(error: &Error) -> HttpErrorKind {
    match error {
        Error::Unreachable { .. } => HttpErrorKind::Connect,
        Error::Timeout { .. } => HttpErrorKind::Timeout,
        _ => HttpErrorKind::Unknown,
    }
}
