//! Reads one file, on a thread where blocking is allowed.

use std::{
    fs::{File, Metadata},
    io::Read,
    path::PathBuf,
    sync::Arc,
    time::SystemTime,
};

use http_semantics::{CachePolicy, Validators};
use rustix::{
    fs::{CWD, Mode, OFlags},
    io::Errno,
};

use crate::{
    error::{Error, Result},
    fetched::OriginResponse,
    filesystem::{
        beneath::{open_beneath, open_compared},
        file_version::{validators, version},
    },
};

/// One file to read, or to check.
pub(super) struct FileRead {
    pub(super) root: Arc<PathBuf>,
    pub(super) relative: PathBuf,
    pub(super) original: String,
    pub(super) known: Option<Validators>,
    pub(super) max_bytes: u64,
}

impl FileRead {
    pub(super) fn run(&self) -> Result<OriginResponse> {
        let now = SystemTime::now();
        let (file, metadata) = self.open()?;
        self.read(file, &metadata, now)
    }

    pub(super) fn version(&self) -> Result<String> {
        self.open().map(|(_, metadata)| format!("\"{}\"", version(&metadata)))
    }

    fn open(&self) -> Result<(File, Metadata)> {
        // opened each time: a deployment may replace the folder
        let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, self.root.as_path(), directory, Mode::empty())
            .map_err(|errno| Error::Unreachable { host: self.host(), reason: errno.to_string() })?;
        let file = match open_beneath(&root, &self.relative) {
            Err(Errno::NOSYS | Errno::PERM) => open_compared(&self.root, &self.relative),
            result => result.map(File::from),
        };
        let file = file.map_err(|errno| self.unopened(errno))?;
        let metadata = file.metadata().map_err(|error| self.broken(&error))?;
        if !metadata.is_file() {
            return Err(Error::NotFound { original: self.original.clone() });
        }
        Ok((file, metadata))
    }

    fn read(&self, file: File, metadata: &Metadata, now: SystemTime) -> Result<OriginResponse> {
        let validators = validators(metadata, now).map_err(|error| self.broken(&error))?;
        let body = if self.known.as_ref().is_some_and(|known| validators.matches(known)) {
            None
        } else {
            Some(self.whole(file, metadata.len())?.into())
        };
        Ok(OriginResponse {
            body,
            validators,
            cache_policy: CachePolicy::default(),
            content_type: None,
            coding_warning: None,
        })
    }

    fn whole(&self, file: File, length: u64) -> Result<Vec<u8>> {
        if length > self.max_bytes {
            return Err(Error::TooLarge { original: self.original.clone(), limit: self.max_bytes });
        }
        // one byte more than expected, to notice a file that grows
        let mut body = Vec::new();
        body.try_reserve_exact(length as usize + 1).map_err(|error| self.broken(&error))?;
        file.take(length + 1).read_to_end(&mut body).map_err(|error| self.broken(&error))?;
        if body.len() as u64 != length {
            return Err(self.broken(&format!("{} changed while it was read", self.original)));
        }
        Ok(body)
    }

    fn unopened(&self, errno: Errno) -> Error {
        let original = self.original.clone();
        match errno {
            Errno::ACCESS | Errno::PERM => Error::Forbidden { original, reason: errno.to_string() },
            // XDEV: leads outside; LOOP: a cycle, or a magic link; NXIO: a socket, or a missing device
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::ISDIR
            | Errno::XDEV
            | Errno::LOOP
            | Errno::NAMETOOLONG
            | Errno::NXIO
            | Errno::NODEV => Error::NotFound { original },
            errno => self.broken(&errno),
        }
    }

    fn broken(&self, reason: &dyn std::fmt::Display) -> Error {
        Error::Broken { host: self.host(), reason: reason.to_string() }
    }

    fn host(&self) -> String {
        self.root.display().to_string()
    }
}
