//! The error of a request. It is mapped to a status and a text for clients in `http/error.rs`.

use std::time::Duration;

use bytesize::ByteSize;
use image_api::params::{refusal::Refusal, spec::Invalid};
use origin::Rule;

use crate::signing::Fault;

/// `Retry-After` of a full queue whose length in time is not predicted.
pub const RETRY_SOON: Duration = Duration::from_secs(1);

/// The error of a request. Its text is for the log; clients get the texts of `http/error.rs`.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The parameters, or the picture, or the render of it.
    #[error(transparent)]
    Image(#[from] vips_ops::Error),
    /// The origin.
    #[error(transparent)]
    Origin(#[from] origin::Error),
    /// The origin has no such original, as it said now or within the lifetime of that statement.
    #[error("the origin has no such original")]
    Absent {
        /// The remaining lifetime of the statement.
        fresh_for: Duration,
    },
    /// The request selects an origin that is not allowed.
    #[error("{named} selects an origin that {rule} does not allow")]
    DynamicOrigin {
        /// The parameter, or `path`.
        named: &'static str,
        /// The setting that forbids it.
        rule: Rule,
    },
    /// No parameter has this name, and `params.strict` refuses such names.
    #[error("{message}")]
    UnknownParameter {
        /// The name.
        name: String,
        /// The text, with similar names.
        message: String,
    },
    /// The parameter is not in `params.allowed`.
    #[error("{parameter} is not in params.allowed")]
    ParameterRefused {
        /// The parameter.
        parameter: &'static str,
    },
    /// The size is not in `params.allowed_sizes`.
    #[error("{parameter} is not an allowed size; the nearest is {near}")]
    SizeRefused {
        /// The parameter.
        parameter: &'static str,
        /// The nearest size that is, in pixels of the response.
        near: u32,
    },
    /// The signature is missing, wrong or expired.
    #[error(transparent)]
    Signature(#[from] Fault),
    /// The requested range is beyond the end of the response.
    #[error("the range is beyond the end, at {length} bytes")]
    Range {
        /// The length of the response in bytes.
        length: usize,
    },
    /// The admin listener requires a password.
    #[error("user name and password are missing or wrong")]
    Credentials,
    /// The request is for the unmodified original, and `params.allow_original` forbids that.
    #[error("originals are not served (params.allow_original)")]
    OriginalRefused,
    /// The path does not support the method.
    #[error("method not allowed")]
    Method,
    /// A page that does not exist.
    #[error("no such page")]
    Page,
    /// An upload, or a job.
    #[error(transparent)]
    Upload(#[from] crate::uploads::UploadError),
    /// A purge took effect on this node, but could not be sent to the others.
    #[error("a purge could not be sent to other nodes")]
    PurgeUnsent,
    /// A purge took effect, but could not be written to the disk, so that it may not outlast a restart.
    #[error("a purge could not be written to the disk")]
    PurgeUnwritten,
    /// The server cannot finish the request before its deadline, or a queue is full.
    #[error("overloaded")]
    Overloaded {
        /// Predicted time until the same request would be admitted.
        retry_after: Duration,
    },
    /// No worker process was available in time.
    #[error("no render worker was available in time")]
    NoWorker,
    /// The render crashed its worker process.
    #[error("the render crashed its worker process")]
    RenderCrashed,
    /// The render took more memory than `workers.max_render_memory`.
    #[error("the render took more than {limit} of memory")]
    RenderMemory {
        /// The memory that a render may take.
        limit: ByteSize,
    },
    /// The original is quarantined: it crashed workers, or used up the time of renders.
    #[error("the original is quarantined")]
    Quarantined {
        /// The remaining time of the quarantine.
        left: Duration,
    },
    /// More connections are open than the listener allows.
    #[error("too many connections")]
    Connections,
    /// The `Host` is not one of the admin listener.
    #[error("the host is not one of the admin listener")]
    Host,
    /// The request needs models that are not installed.
    #[error("models are missing: {reason}")]
    ModelsMissing {
        /// What is missing.
        reason: String,
    },
    /// The deadline of the request has passed.
    #[error("the response was not ready before the deadline")]
    Deadline,
    /// A bug, such as a panic.
    #[error("the work ended without a result")]
    Broken,
}

/// The kind of an [`Error`], for a decision on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The parameters, or the picture.
    Image(vips_ops::ErrorKind),
    /// The origin.
    Origin(origin::ErrorKind),
    /// See [`Error::Absent`].
    Absent,
    /// See [`Error::DynamicOrigin`].
    DynamicOrigin,
    /// See [`Error::UnknownParameter`].
    UnknownParameter,
    /// A parameter or a size that the operator does not allow.
    ParameterRefused,
    /// See [`Error::Signature`].
    Signature(Fault),
    /// See [`Error::Range`].
    Range,
    /// See [`Error::Credentials`].
    Credentials,
    /// See [`Error::OriginalRefused`].
    OriginalRefused,
    /// A method that is not supported.
    Method,
    /// A page that does not exist.
    Page,
    /// An upload.
    Upload(crate::uploads::UploadErrorKind),
    /// See [`Error::PurgeUnsent`].
    PurgeUnsent,
    /// See [`Error::PurgeUnwritten`].
    PurgeUnwritten,
    /// See [`Error::Overloaded`].
    Overloaded,
    /// See [`Error::NoWorker`].
    NoWorker,
    /// See [`Error::RenderCrashed`].
    RenderCrashed,
    /// See [`Error::RenderMemory`].
    RenderMemory,
    /// See [`Error::Quarantined`].
    Quarantined,
    /// See [`Error::Connections`].
    Connections,
    /// See [`Error::Host`].
    Host,
    /// See [`Error::ModelsMissing`].
    ModelsMissing,
    /// See [`Error::Deadline`].
    Deadline,
    /// See [`Error::Broken`].
    Broken,
}

impl Error {
    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Image(error) => ErrorKind::Image(error.kind()),
            Self::Origin(error) => ErrorKind::Origin(error.kind()),
            Self::Absent { .. } => ErrorKind::Absent,
            Self::DynamicOrigin { .. } => ErrorKind::DynamicOrigin,
            Self::UnknownParameter { .. } => ErrorKind::UnknownParameter,
            Self::ParameterRefused { .. } | Self::SizeRefused { .. } => ErrorKind::ParameterRefused,
            Self::Signature(fault) => ErrorKind::Signature(*fault),
            Self::Range { .. } => ErrorKind::Range,
            Self::Credentials => ErrorKind::Credentials,
            Self::OriginalRefused => ErrorKind::OriginalRefused,
            Self::Method => ErrorKind::Method,
            Self::Page => ErrorKind::Page,
            Self::Upload(error) => ErrorKind::Upload(error.kind()),
            Self::PurgeUnsent => ErrorKind::PurgeUnsent,
            Self::PurgeUnwritten => ErrorKind::PurgeUnwritten,
            Self::Overloaded { .. } => ErrorKind::Overloaded,
            Self::NoWorker => ErrorKind::NoWorker,
            Self::RenderCrashed => ErrorKind::RenderCrashed,
            Self::RenderMemory { .. } => ErrorKind::RenderMemory,
            Self::Quarantined { .. } => ErrorKind::Quarantined,
            Self::Connections => ErrorKind::Connections,
            Self::Host => ErrorKind::Host,
            Self::ModelsMissing { .. } => ErrorKind::ModelsMissing,
            Self::Deadline => ErrorKind::Deadline,
            Self::Broken => ErrorKind::Broken,
        }
    }

    /// Whether a stale response is better than this error: something is broken or busy, and the error says nothing of the
    /// picture.
    pub fn excuses_stale(&self) -> bool {
        use origin::ErrorKind::{
            Broken, Busy, CircuitOpen, Forbidden, Gone, InvalidPath, Misconfigured, NotConfigured, NotFound,
            RefusedAddress, Timeout, TooLarge, Unreachable,
        };
        use vips_ops::ErrorKind as Image;
        match self.kind() {
            ErrorKind::Overloaded
            | ErrorKind::NoWorker
            | ErrorKind::RenderCrashed
            | ErrorKind::RenderMemory
            | ErrorKind::Quarantined
            | ErrorKind::Connections
            | ErrorKind::ModelsMissing
            | ErrorKind::Deadline
            | ErrorKind::Broken
            | ErrorKind::Image(Image::Deadline | Image::Encoder | Image::OutOfMemory | Image::Overlay) => {
                true
            }
            ErrorKind::Origin(kind) => match kind {
                Broken | Busy | CircuitOpen | Misconfigured | NotConfigured | RefusedAddress | Timeout
                | Unreachable => true,
                Forbidden | Gone | InvalidPath | NotFound | TooLarge => false,
            },
            ErrorKind::Image(_)
            | ErrorKind::Absent
            | ErrorKind::DynamicOrigin
            | ErrorKind::UnknownParameter
            | ErrorKind::ParameterRefused
            | ErrorKind::Signature(_)
            | ErrorKind::Range
            | ErrorKind::Credentials
            | ErrorKind::OriginalRefused
            | ErrorKind::Method
            | ErrorKind::Host
            | ErrorKind::Page
            | ErrorKind::PurgeUnsent
            | ErrorKind::PurgeUnwritten
            | ErrorKind::Upload(_) => false,
        }
    }

    /// Whether the original, or its origin, is the cause: neither the request nor this server.
    pub fn is_of_the_original(&self) -> bool {
        use vips_ops::ErrorKind::{Overlay, Undecodable, Unsupported};
        match self.kind() {
            ErrorKind::Origin(kind) => kind != origin::ErrorKind::InvalidPath,
            ErrorKind::Image(kind) => matches!(kind, Overlay | Undecodable | Unsupported),
            kind => {
                matches!(kind, ErrorKind::Absent | ErrorKind::Quarantined | ErrorKind::RenderCrashed)
            }
        }
    }
}

impl From<origin::Refusal> for Error {
    fn from(refusal: origin::Refusal) -> Self {
        match refusal {
            origin::Refusal::Path(error) => error.into(),
            origin::Refusal::Malformed { parameter, value, expected } => {
                Invalid::new(parameter, &value, expected).into()
            }
            origin::Refusal::Forbidden { parameter, rule } => Self::DynamicOrigin { named: parameter, rule },
        }
    }
}

impl From<vision::Error> for Error {
    fn from(error: vision::Error) -> Self {
        match error {
            vision::Error::Picture(error) => Self::Image(vips_ops::Error::of_pixels(error)),
            error if error.kind() == vision::ErrorKind::Unavailable => {
                Self::ModelsMissing { reason: error.to_string() }
            }
            error => {
                tracing::error!(%error, "a model failed");
                Self::Broken
            }
        }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Image(invalid.into())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::Invalid(invalid) => invalid.into(),
            Refusal::Unknown { name, .. } => Self::UnknownParameter { name, message },
            Refusal::NotAllowed { parameter } => Self::ParameterRefused { parameter },
            Refusal::Size { parameter, near } => Self::SizeRefused { parameter, near },
        }
    }
}

#[cfg(test)]
mod tests {
    use vips_ops::vips;

    use super::*;

    #[test]
    fn errors_of_this_server_excuse_a_stale_response() {
        let told = || vips::Error::OutOfMemory { operation: "x".into(), detail: "out of memory".into() };
        let large = vips_ops::Error::OverLimit(image_api::error::OverLimit {
            what: "x",
            actual: 2,
            bound: "limits.max_pixels allows",
            limit: 1,
        });
        for (error, excuses) in [
            (vips_ops::Error::Encoder("x".into()), true),
            (vips_ops::Error::of_pixels(told()), true),
            (vips_ops::Error::of_encoder(told()), true),
            (vips_ops::Error::unsupported(b""), false),
            (large, false),
        ] {
            let error = Error::from(error);
            assert_eq!(error.excuses_stale(), excuses, "{error}");
            assert!(!excuses || !error.is_of_the_original(), "{error}");
        }
    }
}
