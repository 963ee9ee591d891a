//! What can go wrong in the cache, and the small kind that the rest of the program matches on.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::Tier;

/// Everything that can go wrong here. Reading and writing entries never fails: a store in error is a miss.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bytes that are not a whole, undamaged entry.
    #[error("not an undamaged entry: {0}")]
    Damaged(&'static str),
    /// An entry written by another release.
    #[error("entry has format {found}, expected {expected}")]
    Format {
        /// The format number read.
        found: u16,
        /// The one this release writes and reads.
        expected: u16,
    },
    /// The cache folder cannot be created, read or written.
    #[error("cache folder {} cannot be used: {source}", path.display())]
    Folder {
        /// The folder or the file in it that failed.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process, or another cache of this one, has the folder open.
    #[error("cache folder {} is in use by another process, expected one of its own", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The disk engine or its threads did not start.
    #[error("disk cache did not start: {0}")]
    Start(String),
    /// A removal that did not reach a tier: the entries may come back.
    #[error("{tier} cache did not answer, expected it to forget entries: {reason}")]
    Unreachable {
        /// The tier that may still hold entries.
        tier: Tier,
        /// Why.
        reason: String,
    },
}

/// What sort of error an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Bytes that cannot be read as an entry: treat as a miss.
    Damaged,
    /// The cache could not be opened: the configuration or the machine must change.
    Open,
    /// A removal is incomplete: try again.
    Unreachable,
}

impl Error {
    pub(crate) fn start(reason: impl fmt::Display) -> Self {
        Self::Start(reason.to_string())
    }

    /// The sort of error, for whoever decides what to do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Damaged(_) | Self::Format { .. } => ErrorKind::Damaged,
            Self::Folder { .. } | Self::InUse { .. } | Self::Start(_) => ErrorKind::Open,
            Self::Unreachable { .. } => ErrorKind::Unreachable,
        }
    }
}
