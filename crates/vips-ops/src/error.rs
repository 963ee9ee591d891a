//! Everything that can go wrong between a query string and encoded bytes.

use image_api::error::OverLimit;
pub use image_api::error::within;
use serde::{Deserialize, Serialize};
use vips::Deadline;

use crate::{params::spec::Invalid, source::sniff::UnsupportedFormat};

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, Clone, thiserror::Error, Serialize, Deserialize)]
pub enum Error {
    /// A parameter's value cannot be read, or means nothing for this picture.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The bytes are no picture of a format that is read.
    #[error("the source is not a picture in a supported format: {0}")]
    Unsupported(UnsupportedFormat),
    /// The bytes begin like a picture but cannot be decoded.
    #[error("the picture cannot be decoded: {0}")]
    Undecodable(vips::Error),
    /// The picture, or the answer, would be too large.
    #[error(transparent)]
    OverLimit(#[from] OverLimit),
    /// Something that must be laid over the picture is missing, or cannot be drawn.
    #[error("a required overlay cannot be drawn: {0}")]
    Overlay(String),
    /// An encoder failed at pixels that were fine; the text is its own.
    #[error("the answer cannot be encoded: {0}")]
    Encoder(String),
    /// No memory was left for pixels or for a codec; the text is libvips'.
    #[error("out of memory: {0}")]
    OutOfMemory(vips::Error),
    /// The deadline passed, or nobody waits any more.
    #[error("the picture was not ready before its deadline")]
    Deadline,
}

/// Sorts of errors, for those who answer them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A parameter is wrong.
    Invalid,
    /// Not a picture that is read.
    Unsupported,
    /// A broken picture.
    Undecodable,
    /// Too large.
    OverLimit,
    /// A required overlay is missing or broken.
    Overlay,
    /// An encoder failed.
    Encoder,
    /// No memory was left.
    OutOfMemory,
    /// Too late.
    Deadline,
}

/// Who has to do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// Whoever made the request.
    Client,
    /// Whoever stored the original.
    Origin,
    /// Whoever runs the server.
    Us,
}

impl From<image_api::Error> for Error {
    fn from(error: image_api::Error) -> Self {
        match error {
            image_api::Error::Invalid(invalid) => Self::Invalid(invalid),
            image_api::Error::OverLimit(over) => Self::OverLimit(over),
        }
    }
}

impl Error {
    /// The sort of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Unsupported(_) => ErrorKind::Unsupported,
            Self::Undecodable(_) => ErrorKind::Undecodable,
            Self::OverLimit(_) => ErrorKind::OverLimit,
            Self::Overlay(_) => ErrorKind::Overlay,
            Self::Encoder(_) => ErrorKind::Encoder,
            Self::OutOfMemory(_) => ErrorKind::OutOfMemory,
            Self::Deadline => ErrorKind::Deadline,
        }
    }

    /// Who has to do something about it.
    pub fn blame(&self) -> Blame {
        match self.kind() {
            ErrorKind::Invalid | ErrorKind::OverLimit => Blame::Client,
            ErrorKind::Unsupported | ErrorKind::Undecodable | ErrorKind::Overlay => Blame::Origin,
            ErrorKind::Encoder | ErrorKind::OutOfMemory | ErrorKind::Deadline => Blame::Us,
        }
    }

    /// The error of bytes that are of no format that is read.
    pub fn unsupported(bytes: &[u8]) -> Self {
        Self::Unsupported(UnsupportedFormat::of(bytes))
    }

    /// The error of a failed libvips call over the original's pixels: the original's fault, unless memory ran out.
    pub fn of_pixels(error: vips::Error) -> Self {
        if error.is_out_of_memory() { Self::OutOfMemory(error) } else { Self::Undecodable(error) }
    }

    /// The error of a failed encoder whose pixels are known to be fine.
    pub fn of_encoder(error: vips::Error) -> Self {
        if error.is_out_of_memory() { Self::OutOfMemory(error) } else { Self::Encoder(error.to_string()) }
    }
}

/// A failure after the deadline is the deadline's.
pub(crate) fn timely(error: Error, deadline: &Deadline) -> Error {
    let may_be_late = matches!(error, Error::Undecodable(_) | Error::Encoder(_));
    if may_be_late && deadline.passed() { Error::Deadline } else { error }
}
