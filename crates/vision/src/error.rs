//! Errors of image analysis.

use std::path::PathBuf;

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of image analysis. The texts name files, and are for logs.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A model or ONNX Runtime is missing.
    #[error("{} is missing: expected the file that `make vendor` fetches", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// A model or ONNX Runtime cannot be used.
    #[error("{} cannot be used: {reason}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// An inference failed.
    #[error("the model failed: {0}")]
    Inference(String),
    /// The pixels of the image could not be computed.
    #[error(transparent)]
    Picture(#[from] vips::Error),
}

/// Kinds of errors, for mapping them to responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Analysis is not available in this installation.
    Unavailable,
    /// The image is broken.
    Undecodable,
    /// An internal error.
    Broken,
}

impl Error {
    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. } | Self::Unusable { .. } => ErrorKind::Unavailable,
            Self::Picture(_) => ErrorKind::Undecodable,
            Self::Inference(_) => ErrorKind::Broken,
        }
    }
}
