//! Errors of the commands.

use std::{io, path::PathBuf};

use image_api::params::refusal::Refusal;

use crate::config::Problems;

/// An error of a command. Messages of libvips and the codecs are logged at debug level and not shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is invalid.
    #[error(transparent)]
    Config(#[from] Problems),
    /// A query string is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The command line is invalid.
    #[error("{0}")]
    Usage(String),
    /// A picture could not be processed.
    #[error("{0}")]
    Picture(String),
    /// A picture could not be analysed.
    #[error(transparent)]
    Unseen(crate::error::Error),
    /// libvips could not be started.
    #[error(transparent)]
    Libvips(#[from] vips_ops::vips::Error),
    /// A thread could not be started.
    #[error(transparent)]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A file or folder cannot be read or written.
    #[error("{path}", path = path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Some files failed.
    #[error("{} of {total} files failed:\n  {}", failures.len(), failures.join("\n  "))]
    Files {
        /// The failed files, with their errors.
        failures: Vec<String>,
        /// The total number.
        total: usize,
    },
    /// Some URLs failed.
    #[error("{} of {total} URLs failed:\n  {}", failures.len(), failures.join("\n  "))]
    Urls {
        /// The failed URLs, with their errors.
        failures: Vec<String>,
        /// The total number.
        total: usize,
    },
    /// A list of URLs, or a sitemap, cannot be read.
    #[error("{name}: {reason}")]
    List {
        /// The file or the URL.
        name: String,
        /// The reason.
        reason: String,
    },
    /// A server is unhealthy or unreachable.
    #[error("{url} is not healthy: {reason}")]
    Unhealthy {
        /// The URL of the server.
        url: String,
        /// The status, or why there was no response.
        reason: String,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

impl From<vips_ops::Error> for Error {
    fn from(error: vips_ops::Error) -> Self {
        use vips_ops::Error as Picture;
        tracing::debug!(%error, "a picture could not be processed");
        let text = match &error {
            Picture::Undecodable(_) => "the image cannot be decoded",
            Picture::Encoder(_) => "the image cannot be encoded",
            Picture::OutOfMemory(_) => "not enough memory for this picture",
            _ => return Self::Picture(error.to_string()),
        };
        Self::Picture(text.to_owned())
    }
}

impl From<crate::error::Error> for Error {
    fn from(error: crate::error::Error) -> Self {
        match error {
            crate::error::Error::Image(error) => error.into(),
            error => Self::Unseen(error),
        }
    }
}

/// The exit code of a command that failed: a file, a URL or a server.
pub const FAILED: u8 = 1;

/// The exit code for a mistake in the command line or in the configuration; clap's, too.
pub const USAGE: u8 = 2;

impl Error {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Refused(_) | Self::Usage(_) => USAGE,
            _ => FAILED,
        }
    }

    /// The error with the name of its picture, if its text has none.
    pub(super) fn named(self, name: &str) -> Self {
        match self {
            Self::Picture(text) => Self::Picture(format!("{name}: {text}")),
            error => error,
        }
    }

    /// Adds the path to an I/O error, for `map_err`.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        |source| Self::File { path: path.into(), source }
    }
}
