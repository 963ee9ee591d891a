//! Why a command failed.

use std::{io, path::PathBuf};

use vips_ops::params::refusal::Refusal;

use crate::config::Problems;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is not right.
    #[error(transparent)]
    Config(#[from] Problems),
    /// A query string is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something on the command line is not right.
    #[error("{0}")]
    Usage(String),
    /// A picture could not be processed.
    #[error(transparent)]
    Picture(#[from] vips_ops::Error),
    /// A picture could not be looked at.
    #[error(transparent)]
    Unseen(#[from] crate::error::Error),
    /// libvips does not start.
    #[error(transparent)]
    Libvips(#[from] vips_ops::vips::Error),
    /// The threads do not start.
    #[error(transparent)]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A file or folder cannot be read or written.
    #[error("{path}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Some of many files failed.
    #[error("{} of {total} files failed:\n  {}", failures.len(), failures.join("\n  "))]
    Files {
        /// Each with its name and its reason.
        failures: Vec<String>,
        /// How many there were.
        total: usize,
    },
    /// Some of many URLs failed.
    #[error("{} of {total} URLs failed:\n  {}", failures.len(), failures.join("\n  "))]
    Urls {
        /// Each with its reason.
        failures: Vec<String>,
        /// How many there were.
        total: usize,
    },
    /// A server is not well, or not there.
    #[error("{url} is not healthy: {reason}")]
    Unhealthy {
        /// What was asked.
        url: String,
        /// What came instead of a 200.
        reason: String,
    },
    /// What was found out cannot be told.
    #[error("standard output cannot be written")]
    Output(#[source] io::Error),
}

impl Error {
    /// For `map_err`, where a file fails.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        |source| Self::File { path: path.into(), source }
    }
}
