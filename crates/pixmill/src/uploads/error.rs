//! Errors of uploads and of asynchronous jobs.

/// Why an upload or an asynchronous job failed. The texts are for the log and for the client: they contain nothing that
/// the client did not send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// The request has no token, or an unknown one.
    #[error("missing or unknown token: expected `Authorization: Bearer TOKEN`")]
    Unauthorized,
    /// The body is neither a picture nor a well-formed form.
    #[error("{0}")]
    Malformed(&'static str),
    /// The picture, or the whole request, is larger than `limits.max_bytes` allows.
    #[error("upload too large: expected at most {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The client paused for longer than `uploads.idle_timeout`, or the upload took longer than `uploads.timeout`.
    #[error("upload timed out")]
    Timeout,
    /// The request asked to store the picture, and the cache of originals did not.
    #[error(
        "the upload could not be stored: it exceeds the size limit of the originals cache, or that cache is disabled or its disk is full"
    )]
    NotStored,
    /// The parameter is not available on this listener, or disabled.
    #[error("{reason}")]
    Refused {
        /// Name of the parameter.
        parameter: &'static str,
        /// The reason, for the client.
        reason: &'static str,
    },
    /// There is no job of this id, or its status has expired.
    #[error("no job with this id, or its status has expired")]
    UnknownJob,
    /// The server shut down before the job was done.
    #[error("the server shut down before the job was done: send the request again")]
    Interrupted,
}

/// Kinds of [`UploadError`], which `http/error.rs` maps to statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadErrorKind {
    /// [`UploadError::Unauthorized`].
    Unauthorized,
    /// [`UploadError::Malformed`].
    Malformed,
    /// [`UploadError::TooLarge`].
    TooLarge,
    /// [`UploadError::Timeout`].
    Timeout,
    /// [`UploadError::NotStored`].
    NotStored,
    /// [`UploadError::Refused`].
    Refused,
    /// [`UploadError::UnknownJob`].
    UnknownJob,
    /// [`UploadError::Interrupted`].
    Interrupted,
}

impl UploadError {
    /// The kind of the error.
    pub fn kind(&self) -> UploadErrorKind {
        match self {
            Self::Unauthorized => UploadErrorKind::Unauthorized,
            Self::Malformed(_) => UploadErrorKind::Malformed,
            Self::TooLarge { .. } => UploadErrorKind::TooLarge,
            Self::Timeout => UploadErrorKind::Timeout,
            Self::NotStored => UploadErrorKind::NotStored,
            Self::Refused { .. } => UploadErrorKind::Refused,
            Self::UnknownJob => UploadErrorKind::UnknownJob,
            Self::Interrupted => UploadErrorKind::Interrupted,
        }
    }
}
