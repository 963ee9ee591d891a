//! Everything that can go wrong when a picture is looked at.

use std::path::PathBuf;

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. The texts name files, and are for the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A model, or the engine, is not there.
    #[error("{} is not there, expected the file that `make vendor` fetches", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// A model, or the engine, is there and cannot be used.
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
    /// The picture's pixels could not be had.
    #[error(transparent)]
    Picture(#[from] vips::Error),
}

/// Sorts of errors, for those who answer them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// This installation cannot look at pictures.
    Unavailable,
    /// A broken picture.
    Undecodable,
    /// A fault of ours.
    Broken,
}

impl Error {
    /// The sort of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. } | Self::Unusable { .. } => ErrorKind::Unavailable,
            Self::Picture(_) => ErrorKind::Undecodable,
            Self::Inference(_) => ErrorKind::Broken,
        }
    }
}
