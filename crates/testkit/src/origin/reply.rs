//! What an origin answers, right or wrong.

use std::time::Duration;

use bytes::Bytes;

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers; its length is told besides.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Nothing is said, ever; the connection stays open.
    Silence,
    /// The connection ends in place of an answer.
    HangUp,
    /// The connection is reset in place of an answer.
    Reset,
    /// The answer comes this much later.
    Slow(Duration),
    /// After so many bytes of the body nothing more comes; the connection stays open.
    Stall(usize),
    /// After so many bytes of the body the connection ends.
    Truncate(usize),
    /// After so many bytes of the body the connection is reset.
    ResetAfter(usize),
    /// The body is told to be so many bytes longer than it is; then the connection ends.
    ClaimMore(usize),
    /// The body is told to be so many bytes shorter than it is.
    ClaimLess(usize),
    /// The body comes in chunks, and the last one is left out.
    UnfinishedChunks,
    /// The body comes in chunks without end.
    EndlessBody,
    /// The head never ends.
    EndlessHead,
    /// So many interim responses come first.
    EarlyHints(usize),
    /// The body comes in single bytes with this pause between them.
    Drip(Duration),
}

impl Reply {
    /// Status 200 with this body.
    pub fn ok(body: &Bytes) -> Self {
        Self { body: body.clone(), ..Self::status(200) }
    }

    /// This status, without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), fault: Fault::None }
    }

    /// A redirect.
    pub fn redirect(location: &str) -> Self {
        Self::status(302).with("location", location)
    }

    /// The same with a header more.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, but with something wrong.
    pub fn but(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }

    /// The head, as the fault would have it.
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
