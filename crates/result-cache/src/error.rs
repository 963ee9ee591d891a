//! Errors of the cache, and the kinds that callers match on.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::Tier;

/// Errors of the cache. Reading and writing entries never fails: a store that is unavailable gives misses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are no complete, undamaged entry.
    #[error("damaged cache entry: {0}")]
    Damaged(&'static str),
    /// The entry was written in another format, by another release.
    #[error("cache entry has format {found}, expected {expected}")]
    Format {
        /// The format number that was found.
        found: u16,
        /// The format number that this release writes and reads.
        expected: u16,
    },
    /// The cache folder cannot be created, read or written.
    #[error("cache folder {} cannot be used: {source}", path.display())]
    Folder {
        /// The folder or the file in it that failed.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Another process, or another cache of this process, has locked the folder.
    #[error("cache folder {} is in use by another process, expected a folder for this process alone", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The disk engine, the Redis client or their threads could not be started.
    #[error("cache did not start: {0}")]
    Start(String),
    /// A removal did not reach a tier: its entries may come back.
    #[error("cannot remove entries from the {tier} cache: {reason}")]
    Unreachable {
        /// The tier that may still have entries.
        tier: Tier,
        /// The reason.
        reason: String,
    },
}

/// The kind of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The bytes cannot be decoded: treat it as a miss.
    Damaged,
    /// The cache cannot be opened: the configuration or the machine has to change.
    Open,
    /// A removal is incomplete: try again.
    Unreachable,
}

impl Error {
    pub(crate) fn start(reason: impl fmt::Display) -> Self {
        Self::Start(reason.to_string())
    }

    /// The kind, for callers that decide what to do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Damaged(_) | Self::Format { .. } => ErrorKind::Damaged,
            Self::Folder { .. } | Self::InUse { .. } | Self::Start(_) => ErrorKind::Open,
            Self::Unreachable { .. } => ErrorKind::Unreachable,
        }
    }
}
