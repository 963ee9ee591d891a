//! Why an upload, or a request that is to be answered later, was not taken.

/// What went wrong. The text is for the log and for the client: it holds nothing that the client did not send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No token came along, or one that is not known.
    #[error("expected a token of this server as `Authorization: Bearer TOKEN`")]
    Unauthorized,
    /// The body is not what an upload looks like.
    #[error("{0}")]
    Malformed(&'static str),
    /// The picture, or the whole request, is larger than allowed.
    #[error("expected an upload of at most {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The sender paused for too long, or the whole took too long.
    #[error("the upload did not come in time")]
    Slow,
    /// The picture cannot be kept, and that was asked for.
    #[error(
        "the picture cannot be kept: it is too large for the cache of originals, or that is off, or its disk is full"
    )]
    NotKept,
    /// The parameter is not for this listener, or switched off.
    #[error("{reason}")]
    Refused {
        /// Which.
        parameter: &'static str,
        /// Why, for the client.
        reason: &'static str,
    },
    /// Nothing is known under this id.
    #[error("nothing is known of this id, or no longer")]
    UnknownJob,
    /// The server ended before the work was done.
    #[error("the server ended before the work was done, send it again")]
    Interrupted,
}

/// Sorts of errors, for those who answer them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The token.
    Unauthorized,
    /// The form of the body.
    Malformed,
    /// The size of the body.
    TooLarge,
    /// The time it took.
    Slow,
    /// No place for it.
    NotKept,
    /// A parameter.
    Refused,
    /// The id.
    UnknownJob,
    /// The end of the server.
    Interrupted,
}

impl Error {
    /// The sort of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unauthorized => ErrorKind::Unauthorized,
            Self::Malformed(_) => ErrorKind::Malformed,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Slow => ErrorKind::Slow,
            Self::NotKept => ErrorKind::NotKept,
            Self::Refused { .. } => ErrorKind::Refused,
            Self::UnknownJob => ErrorKind::UnknownJob,
            Self::Interrupted => ErrorKind::Interrupted,
        }
    }
}
