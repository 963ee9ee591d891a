//! Replies of the fake origin, and their faults.

use std::time::Duration;

use bytes::Bytes;

/// A reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers; `Content-Length` is added.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
    /// The fault injected into it.
    pub fault: Fault,
}

/// A fault injected into a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// No fault.
    #[default]
    None,
    /// No response is ever sent; the connection stays open.
    Silence,
    /// The connection is closed without a response.
    HangUp,
    /// The connection is reset without a response.
    Reset,
    /// The response is delayed by this time.
    Slow(Duration),
    /// The body stalls after this number of bytes; the connection stays open.
    Stall(usize),
    /// The connection is closed after this number of bytes of the body.
    Truncate(usize),
    /// The connection is reset after this number of bytes of the body.
    ResetAfter(usize),
    /// `Content-Length` is this number of bytes too long; then the connection is closed.
    ClaimMore(usize),
    /// `Content-Length` is this number of bytes too short.
    ClaimLess(usize),
    /// The body is chunked, without the last chunk.
    UnfinishedChunks,
    /// The body is chunked and endless.
    EndlessBody,
    /// The head is endless.
    EndlessHead,
    /// This number of interim responses precedes the response.
    EarlyHints(usize),
    /// The body is sent byte by byte with this pause in between.
    Drip(Duration),
}

impl Reply {
    /// A reply with status 200 and this body.
    pub fn ok(body: &Bytes) -> Self {
        Self { body: body.clone(), ..Self::status(200) }
    }

    /// A reply with this status, without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), fault: Fault::None }
    }

    /// A redirect.
    pub fn redirect(location: &str) -> Self {
        Self::status(302).with("location", location)
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Injects a fault.
    pub fn with_fault(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }

    /// The head, as modified by the fault.
    pub(super) fn head(&self) -> String {
        let Self { status, headers, body, fault } = self;
        let mut lines = vec![format!("HTTP/1.1 {status} Told")];
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        lines.extend(match fault {
            Fault::UnfinishedChunks | Fault::EndlessBody => Some("transfer-encoding: chunked".to_owned()),
            _ if matches!(status, 204 | 304) => None,
            Fault::ClaimMore(more) => Some(format!("content-length: {}", body.len() + more)),
            Fault::ClaimLess(less) => Some(format!("content-length: {}", body.len().saturating_sub(*less))),
            _ => Some(format!("content-length: {}", body.len())),
        });
        lines.join("\r\n") + "\r\n\r\n"
    }
}
