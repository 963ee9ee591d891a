//! Errors of a render, from the query string to the encoded bytes.

use image_api::error::OverLimit;
pub use image_api::error::within;
use serde::{Deserialize, Serialize};
use vips::Deadline;

use crate::{params::spec::Invalid, source::sniff::UnsupportedFormat};

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a render.
#[derive(Debug, Clone, thiserror::Error, Serialize, Deserialize)]
pub enum Error {
    /// A parameter's value is invalid, or not applicable to this image.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The bytes are not an image in a supported format.
    #[error("unsupported image format: {0}")]
    Unsupported(UnsupportedFormat),
    /// The bytes have the signature of an image but cannot be decoded.
    #[error("the image cannot be decoded: {0}")]
    Undecodable(vips::Error),
    /// The image, or the output, would be too large.
    #[error(transparent)]
    OverLimit(#[from] OverLimit),
    /// A required overlay is missing or cannot be rendered.
    #[error("a required overlay cannot be rendered: {0}")]
    Overlay(String),
    /// An encoder failed on valid pixels; the text is the encoder's.
    #[error("the image cannot be encoded: {0}")]
    Encoder(String),
    /// Allocating memory for pixels or for a codec failed; the text is libvips'.
    #[error("out of memory: {0}")]
    OutOfMemory(vips::Error),
    /// The deadline passed, or the render was cancelled because no client waits for it.
    #[error("the deadline passed before the image was ready")]
    Deadline,
}

/// Kinds of errors, for mapping them to responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A parameter is invalid.
    Invalid,
    /// The image format is not supported.
    Unsupported,
    /// The image is broken.
    Undecodable,
    /// A size is over a limit.
    OverLimit,
    /// A required overlay is missing or broken.
    Overlay,
    /// An encoder failed.
    Encoder,
    /// Out of memory.
    OutOfMemory,
    /// The deadline passed.
    Deadline,
}

/// Who is responsible for an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The client that sent the request.
    Client,
    /// The origin that stores the original.
    Origin,
    /// The operator of this server.
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
    /// The kind of the error.
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

    /// Who is responsible for the error.
    pub fn blame(&self) -> Blame {
        match self.kind() {
            ErrorKind::Invalid | ErrorKind::OverLimit => Blame::Client,
            ErrorKind::Unsupported | ErrorKind::Undecodable | ErrorKind::Overlay => Blame::Origin,
            ErrorKind::Encoder | ErrorKind::OutOfMemory | ErrorKind::Deadline => Blame::Us,
        }
    }

    /// The error for bytes in an unsupported format.
    pub fn unsupported(bytes: &[u8]) -> Self {
        Self::Unsupported(UnsupportedFormat::of(bytes))
    }

    /// The error of a failed libvips call on the original's pixels: the original is broken, unless memory ran out.
    pub fn of_pixels(error: vips::Error) -> Self {
        if error.is_out_of_memory() { Self::OutOfMemory(error) } else { Self::Undecodable(error) }
    }

    /// The error of a failed encoder on pixels that are known to be valid.
    pub fn of_encoder(error: vips::Error) -> Self {
        if error.is_out_of_memory() { Self::OutOfMemory(error) } else { Self::Encoder(error.to_string()) }
    }
}

/// Replaces an error that was caused by the passed deadline.
pub(crate) fn timely(error: Error, deadline: &Deadline) -> Error {
    let may_be_late = matches!(error, Error::Undecodable(_) | Error::Encoder(_));
    if may_be_late && deadline.passed() { Error::Deadline } else { error }
}
