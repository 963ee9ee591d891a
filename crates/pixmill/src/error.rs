//! Why a request got no picture.

use std::time::Duration;

use bytesize::ByteSize;
use origin::Rule;
use vips_ops::params::{refusal::Refusal, spec::Invalid};

use crate::signing::Fault;

/// When to come back to what is full and not predicted: by then a server that works has moved on.
pub const RETRY_SOON: Duration = Duration::from_secs(1);

/// What went wrong. The text is for the log; what a client is told is decided where HTTP is spoken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The parameters, or the picture.
    #[error(transparent)]
    Image(#[from] vips_ops::Error),
    /// The origin.
    #[error(transparent)]
    Origin(#[from] origin::Error),
    /// The origin has no such original: it just said so, or said so not long ago.
    #[error("the origin has no such original")]
    Absent {
        /// How long that may be believed.
        fresh_for: Duration,
    },
    /// The request names an origin that it may not name.
    #[error("{named} names an origin that {rule} does not allow")]
    DynamicOrigin {
        /// The parameter, or `path`.
        named: &'static str,
        /// What forbids it.
        rule: Rule,
    },
    /// No parameter has this name, and the rules are strict.
    #[error("{message}")]
    UnknownParameter {
        /// The name.
        name: String,
        /// What is said of it.
        message: String,
    },
    /// The operator does not allow the parameter.
    #[error("{parameter} is not in params.allowed")]
    ParameterRefused {
        /// The parameter.
        parameter: &'static str,
    },
    /// The operator does not allow the size.
    #[error("{parameter} is not an allowed size, the next is {near}")]
    SizeRefused {
        /// The parameter.
        parameter: &'static str,
        /// The next size that is, in pixels of the answer.
        near: u32,
    },
    /// Requests must be signed, and this one is not as it should be.
    #[error(transparent)]
    Signature(#[from] Fault),
    /// A part of the answer is asked for that it does not have.
    #[error("the range lies beyond {length} bytes")]
    Range {
        /// What there is, in bytes.
        length: usize,
    },
    /// Whoever asks has not said who it is.
    #[error("user name and password are missing or wrong")]
    Credentials,
    /// The original is asked for as it is, and may not be.
    #[error("originals are not given out")]
    OriginalRefused,
    /// A method that is not answered.
    #[error("the method is not answered")]
    Method,
    /// A page that does not exist.
    #[error("there is no such page")]
    Page,
    /// An upload, or a request that is to be answered later.
    #[error(transparent)]
    Upload(#[from] crate::uploads::UploadError),
    /// Other nodes could not be told of a purge.
    #[error("a purge could not be sent to other nodes")]
    PurgeUnsent,
    /// A purge holds, but could not be written down.
    #[error("a purge could not be written to the disk")]
    PurgeUnwritten,
    /// There is more to do than can be done in time.
    #[error("there is too much to do")]
    Overloaded {
        /// When it is predicted that the same request would be admitted.
        retry_after: Duration,
    },
    /// No worker process could be had in time.
    #[error("no render worker could be had in time")]
    NoWorker,
    /// The worker process of the render died.
    #[error("the render crashed its worker process")]
    RenderCrashed,
    /// The render took more memory than one may.
    #[error("the render took more than {limit} of memory")]
    RenderMemory {
        /// What one may take.
        limit: ByteSize,
    },
    /// The original crashed workers, or used up their time.
    #[error("the original is quarantined")]
    Quarantined {
        /// For how long it will be refused.
        left: Duration,
    },
    /// The connection is one too many.
    #[error("more connections are open than may be")]
    Connections,
    /// A host that the listener for operators does not know.
    #[error("the host is not one of this listener")]
    Host,
    /// What is asked for needs models, and they are not there.
    #[error("pictures cannot be looked at: {reason}")]
    ModelsMissing {
        /// What is missing.
        reason: String,
    },
    /// The time for the request is over.
    #[error("the answer was not ready before its deadline")]
    Deadline,
    /// A panic, caught.
    #[error("the work broke off without a result")]
    Broken,
}

/// Sorts of failures, for those who answer them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The parameters, or the picture.
    Image(vips_ops::ErrorKind),
    /// The origin.
    Origin(origin::ErrorKind),
    /// There is no such original.
    Absent,
    /// Another origin was named.
    DynamicOrigin,
    /// A parameter has a name that none has.
    UnknownParameter,
    /// A parameter is not allowed, or its value.
    ParameterRefused,
    /// The signature is missing, wrong or too old.
    Signature(Fault),
    /// A part that there is not.
    Range,
    /// User name and password are not right.
    Credentials,
    /// The original may not be had as it is.
    OriginalRefused,
    /// A method that is not answered.
    Method,
    /// A page that does not exist.
    Page,
    /// An upload.
    Upload(crate::uploads::UploadErrorKind),
    /// A purge that other nodes know nothing of yet.
    PurgeUnsent,
    /// A purge that may not outlast a restart.
    PurgeUnwritten,
    /// Too much to do.
    Overloaded,
    /// No worker process.
    NoWorker,
    /// A worker process died.
    RenderCrashed,
    /// Too much memory.
    RenderMemory,
    /// A quarantined original.
    Quarantined,
    /// Too many connections.
    Connections,
    /// A request for another host.
    Host,
    /// Models are missing.
    ModelsMissing,
    /// Too late.
    Deadline,
    /// A fault of ours.
    Broken,
}

impl Error {
    /// The sort of the failure.
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

    /// Whether an answer that is out of date is better than this: something is broken or busy, and nothing was said
    /// about the picture.
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

    /// Whether it lies with what was fetched, or could not be: neither with the request nor with us.
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
                tracing::error!(%error, "a picture could not be looked at");
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
    fn faults_of_ours_excuse_what_is_out_of_date() {
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
            let failure = Error::from(error);
            assert_eq!(failure.excuses_stale(), excuses, "{failure}");
            assert!(!excuses || !failure.is_of_the_original(), "{failure}");
        }
    }
}
