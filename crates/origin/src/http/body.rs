//! Reads the body of a response: whole and within the limit. An incomplete body is never taken for a whole one.

use std::time::Duration;

use awc::{
    ClientResponse,
    error::PayloadError,
    http::{
        StatusCode, Version,
        header::{CONNECTION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING},
    },
};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::counted_stream::Connections;

/// The most memory allocated because of a stated `Content-Length`, in bytes: enough for nearly every original.
const MAX_PREALLOCATED: u64 = 16 << 20;

/// How much of an unused body is read to keep its connection, in bytes; with longer ones the connection is closed.
const MAX_DRAINED: usize = 64 * 1024;

/// How long reading an unused body may take before its connection is closed.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// How the end of a body is known (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    /// By the end of the connection: HTTP/1.0, and responses that [`super::unframed`] marks like it.
    Close,
}

/// Why a body could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    TooSlow,
    Broken(String),
}

impl BodyError {
    /// The end of the body is not stated, or not in a valid way.
    pub(crate) fn endless() -> Self {
        Self::Broken("the response states no length, expected Content-Length or chunked encoding".to_owned())
    }
}

impl Framing {
    /// How the body of a response ends; `None` if awc does not know, and shows an empty body instead.
    pub(crate) fn of_response(response: &ClientResponse) -> Option<Self> {
        let headers = response.headers();
        let chunked =
            headers.contains_key(TRANSFER_ENCODING) && !header_is(response, &TRANSFER_ENCODING, "identity");
        if response.version() == Version::HTTP_11 && chunked {
            return Some(Self::Chunked);
        }
        if let Some(length) = headers.get(CONTENT_LENGTH) {
            return length.to_str().ok()?.trim().parse().ok().map(Self::Length);
        }
        (response.version() == Version::HTTP_10 && !chunked).then_some(Self::Close)
    }
}

/// Whether the end of this response is certain, so that the next one on its connection cannot be mistaken for the
/// rest of it.
pub(crate) fn is_delimited(response: &ClientResponse) -> bool {
    match response.status() {
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => true,
        status if status.is_informational() => false,
        _ => Framing::of_response(response).is_some() || header_is(response, &CONNECTION, "close"),
    }
}

fn header_is(response: &ClientResponse, name: &HeaderName, expected: &str) -> bool {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.trim().eq_ignore_ascii_case(expected))
}

/// Reads a body of at most `limit` bytes, whose chunks come within `pause` of one another. The client that sent the
/// request must live on meanwhile: dropping its pool would look like the end of this connection.
pub(crate) async fn read(
    mut response: ClientResponse,
    framing: Framing,
    limit: u64,
    pause: Duration,
    connections: &Connections,
) -> Result<Bytes, BodyError> {
    let mut body = match framing {
        Framing::Length(length) if length > limit => return Err(BodyError::TooLarge),
        Framing::Length(length) => Vec::with_capacity(length.min(MAX_PREALLOCATED) as usize),
        Framing::Chunked | Framing::Close => Vec::new(),
    };
    while let Some(chunk) = timeout(pause, response.next()).await.map_err(|_| BodyError::TooSlow)? {
        let chunk = chunk.map_err(|error| cut_off(&error))?;
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let whole = ended_properly(response, connections);
    match framing {
        Framing::Length(length) if body.len() as u64 != length => {
            Err(BodyError::Broken(format!("the body ended after {} bytes, expected {length}", body.len())))
        }
        Framing::Chunked if !whole => Err(BodyError::Broken(format!(
            "the body ended after {} bytes, expected its last chunk",
            body.len()
        ))),
        _ => {
            body.shrink_to_fit();
            Ok(body.into())
        }
    }
}

/// Whether the body of a response was read to the end that its framing tells.
///
/// awc ends a body silently when the connection ends, whatever was still to come. But a connection whose body has come
/// to its end goes back to the pool or is closed before the end is announced, while one that ended too early still
/// belongs to the response and dies with it.
fn ended_properly(response: ClientResponse, connections: &Connections) -> bool {
    let before = connections.count();
    drop(response);
    connections.count() == before
}

fn cut_off(error: &PayloadError) -> BodyError {
    BodyError::Broken(format!("the body is incomplete: {error}"))
}

/// Reads a short body to its end, so that the connection can be reused. A connection whose end ends the body cannot.
pub(crate) async fn drain(mut response: ClientResponse) {
    if Framing::of_response(&response) == Some(Framing::Close) {
        return;
    }
    let read = async {
        let mut drained = 0;
        while let Some(Ok(chunk)) = response.next().await {
            drained += chunk.len();
            if drained > MAX_DRAINED {
                break;
            }
        }
    };
    // too slow: dropping the response closes the connection, nothing else depends on it
    let _ = timeout(DRAIN_TIME, read).await;
}
