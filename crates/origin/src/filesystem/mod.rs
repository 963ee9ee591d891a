//! An origin that is a folder: regular files below it, and nothing else.

use std::{
    ffi::OsStr,
    fs::{File, Metadata},
    io::{self, Read},
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, fs::MetadataExt},
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustix::{
    fs::{CWD, Mode, OFlags, ResolveFlags},
    io::Errno,
};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    CachePolicy, Config, OriginResponse, SourcePath, Validators,
    error::{Error, Phase, Result},
};

/// How a file is opened. A FIFO or a device that nobody serves must not hold us up, nor become our terminal.
const READING: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// How far two changes of a file must lie apart to get different times: on file systems that count nanoseconds, by the ticks of
/// the kernel's clock (10 ms at most), with a wide margin; on others a second, or two on FAT.
const FINE: Duration = Duration::from_millis(100);
const COARSE: Duration = Duration::from_secs(2);

/// How often a look-up that something was renamed under is tried before it fails.
const LOOK_UPS: usize = 8;

/// A folder of originals.
pub(crate) struct FolderOrigin {
    root: Arc<PathBuf>,
    /// One permit a file that is being read: the threads for it have no bound of their own.
    readers: Arc<Semaphore>,
    timeout: Duration,
    /// For a look at a file, in place of an answer that is there already: as long as one may wait for a connection.
    look_timeout: Duration,
    check: Duration,
    max_bytes: u64,
}

impl FolderOrigin {
    pub(crate) fn open(path: &Path, config: &Config, max_bytes: u64) -> Result<Self, String> {
        let root = std::path::absolute(path).map_err(|error| format!("origin.url is no folder: {error}"))?;
        Ok(Self {
            root: Arc::new(root),
            readers: Arc::new(Semaphore::new(config.max_connections as usize)),
            timeout: config.timeout,
            look_timeout: config.connect_timeout.min(config.timeout),
            check: config.folder_check,
            max_bytes,
        })
    }

    pub(crate) fn identity(&self, path: &SourcePath) -> String {
        format!("file://{}{}", self.root.display(), path.identity())
    }

    pub(crate) async fn fetch(
        &self,
        path: &SourcePath,
        known: Option<&Validators>,
    ) -> Result<OriginResponse> {
        let original = self.identity(path);
        let Some(relative) = relative(path) else { return Err(Error::NotFound { original }) };
        let job = FileRead {
            root: Arc::clone(&self.root),
            relative,
            original,
            known: known.cloned(),
            max_bytes: self.max_bytes,
        };
        self.run(self.timeout, move || job.run()).await
    }

    /// What the tag of the file would be, if it were fetched now; nothing if there is no such file.
    pub(crate) async fn version(&self, path: &SourcePath) -> Result<Option<String>> {
        let original = self.identity(path);
        let Some(relative) = relative(path) else { return Ok(None) };
        let root = Arc::clone(&self.root);
        let job = FileRead { root, relative, original, known: None, max_bytes: self.max_bytes };
        match self.run(self.look_timeout, move || job.look()).await {
            Ok(version) => Ok(Some(version)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How long what was found out by a look holds.
    pub(crate) fn check(&self) -> Duration {
        self.check
    }

    async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        timeout(limit, self.on_thread(job)).await.unwrap_or_else(|_| {
            Err(Error::Timeout { host: self.root.display().to_string(), phase: Phase::Fetch, limit })
        })
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let broken = |reason: String| Error::Broken { host: self.root.display().to_string(), reason };
        let permit = Arc::clone(&self.readers).acquire_owned().await.map_err(|e| broken(e.to_string()))?;
        #[expect(clippy::disallowed_methods, reason = "reads a file, within the bound of `readers`")]
        let reading = actix_rt::task::spawn_blocking(move || {
            let answer = job();
            drop(permit);
            answer
        });
        reading.await.map_err(|error| broken(error.to_string()))?
    }
}

/// The path below the folder; `None` for hidden files, for names with a slash, which no file has, and for the folder
/// itself.
fn relative(path: &SourcePath) -> Option<PathBuf> {
    let segments = path.segments();
    let no_file = segments.iter().any(|segment| segment.starts_with(b".") || segment.contains(&b'/'));
    (!no_file && !segments.is_empty())
        .then(|| segments.iter().map(|segment| OsStr::from_bytes(segment)).collect())
}

/// One file to read, on a thread where waiting is allowed.
struct FileRead {
    root: Arc<PathBuf>,
    relative: PathBuf,
    original: String,
    known: Option<Validators>,
    max_bytes: u64,
}

impl FileRead {
    fn run(&self) -> Result<OriginResponse> {
        let now = SystemTime::now();
        let (file, metadata) = self.open()?;
        self.read(file, &metadata, now)
    }

    fn look(&self) -> Result<String> {
        self.open().map(|(_, metadata)| format!("\"{}\"", version(&metadata)))
    }

    fn open(&self) -> Result<(File, Metadata)> {
        // each time anew: a deployment may put another folder in its place
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
        let validators = stamp(metadata, now).map_err(|error| self.broken(&error))?;
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
        // one byte more than there should be, to notice a file that grows
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
            // XDEV: leads outside; LOOP: in circles, or magic; NXIO: a socket, or a device that is not there
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

/// Opens a file with the kernel's own promise that no step of the way leaves the folder.
fn open_beneath(root: &OwnedFd, relative: &Path) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut attempts = 0;
    loop {
        attempts += 1;
        match rustix::fs::openat2(root, relative, READING, Mode::empty(), resolve) {
            // the kernel could not be sure while something was being renamed
            Err(Errno::AGAIN) if attempts < LOOK_UPS => {}
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

/// The same without `openat2` (Linux before 5.6, or a sandbox that forbids it): finds out where the path really leads,
/// and opens that if it lies in the folder.
fn open_compared(root: &Path, relative: &Path) -> Result<File, Errno> {
    let errno = |error: io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    let root = root.canonicalize().map_err(errno)?;
    let real = root.join(relative).canonicalize().map_err(errno)?;
    if !real.starts_with(&root) {
        return Err(Errno::XDEV);
    }
    rustix::fs::openat(CWD, &real, READING | OFlags::NOFOLLOW, Mode::empty()).map(File::from)
}

/// The validators of a file as it is at the time `now`: a tag that no other version has ([`version`]), and its time to the
/// second.
fn stamp(metadata: &Metadata, now: SystemTime) -> Result<Validators, io::Error> {
    let modified = metadata.modified()?;
    // an HTTP date cannot be written for times before 1970
    let date = (modified >= SystemTime::UNIX_EPOCH).then(|| httpdate::fmt_http_date(modified));
    let marker = if may_change_unseen(metadata, now) {
        format!("~{:x}", now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos())
    } else {
        String::new()
    };
    Ok(Validators { etag: Some(format!("\"{}{marker}\"", version(metadata))), last_modified: date })
}

/// What tells one version of a file from all others: when its bytes were changed, and anything of it, to the nanosecond;
/// its length; and which file it is. Whatever a replacement takes over of what it replaces (`cp -p`, `rsync -t`), it has
/// another inode, or was changed at another time.
fn version(metadata: &Metadata) -> String {
    let time = |seconds: i64, nanoseconds: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    format!(
        "{:x}-{:x}-{:x}-{:x}",
        time(metadata.mtime(), metadata.mtime_nsec()),
        metadata.len(),
        time(metadata.ctime(), metadata.ctime_nsec()),
        metadata.ino()
    )
}

/// Whether a file was changed so recently that a further change could get the very same time. A tag that was given now
/// must not stand for what the file is from now on: it is marked, and equals no other one.
fn may_change_unseen(metadata: &Metadata, now: SystemTime) -> bool {
    let granularity = if metadata.ctime_nsec() == 0 { COARSE } else { FINE };
    let Ok(seconds) = u64::try_from(metadata.ctime()) else { return false };
    let changed = SystemTime::UNIX_EPOCH + Duration::new(seconds, metadata.ctime_nsec() as u32);
    let distance = now.duration_since(changed).unwrap_or_else(|ahead| ahead.duration());
    distance < granularity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths() {
        for (raw, expected) in [
            ("/a/b.jpg", Some("a/b.jpg")),
            ("//a", Some("a")),
            ("/a//b", Some("a/b")),
            ("/", None),
            ("//", None),
            ("/a/", Some("a")),
            ("/a%281%29", Some("a(1)")),
            ("/.a", None),
            ("/.a/b", None),
            ("/...", None),
            ("/a%2Fb", None),
            ("/caf%C3%A9", Some("caf\u{e9}")),
        ] {
            assert_eq!(relative(&SourcePath::parse(raw).unwrap()), expected.map(PathBuf::from), "{raw}");
        }
    }

    #[test]
    fn without_openat2_the_way_is_compared() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("photos");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("in.jpg"), "inside").unwrap();
        std::fs::write(outer.path().join("out.jpg"), "outside").unwrap();
        std::fs::create_dir(outer.path().join("photos-private")).unwrap();
        std::fs::write(outer.path().join("photos-private/x.jpg"), "outside").unwrap();
        std::os::unix::fs::symlink("in.jpg", root.join("link.jpg")).unwrap();
        std::os::unix::fs::symlink("../out.jpg", root.join("escape.jpg")).unwrap();
        std::os::unix::fs::symlink("../photos-private", root.join("sibling")).unwrap();
        for (relative, expected) in [
            ("in.jpg", Ok("inside")),
            ("link.jpg", Ok("inside")),
            ("escape.jpg", Err(Errno::XDEV)),
            ("sibling/x.jpg", Err(Errno::XDEV)),
            ("missing.jpg", Err(Errno::NOENT)),
        ] {
            let found =
                open_compared(&root, Path::new(relative)).map(|file| io::read_to_string(file).unwrap());
            assert_eq!(found, expected.map(str::to_owned), "{relative}");
        }
    }

    #[test]
    fn stamps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "picture").unwrap();
        let at = |seconds, nanoseconds| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
        let touched = |time| {
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
            file.metadata().unwrap()
        };
        let first = touched(at(784_111_777, 1));
        let changed = at(first.ctime() as u64, first.ctime_nsec() as u32);
        let later = changed + COARSE;
        let settled = stamp(&first, later).unwrap();
        assert_eq!(settled.last_modified.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(settled.etag, Some(format!("\"{}\"", version(&first))));
        assert_eq!(stamp(&first, later + FINE).unwrap(), settled);
        assert_ne!(version(&touched(at(784_111_777, 2))), version(&first));
        // another file with the same time and the same length
        std::fs::write(folder.path().join("b"), "PICTURE").unwrap();
        std::fs::rename(folder.path().join("b"), &path).unwrap();
        assert_ne!(version(&touched(at(784_111_777, 1))), version(&first));
        let early = touched(SystemTime::UNIX_EPOCH - Duration::from_nanos(255));
        assert_eq!(stamp(&early, later).unwrap().last_modified, None);
        // too early to be told from the next change
        for now in [changed, changed + FINE / 2, changed - FINE / 2] {
            let doubtful = stamp(&first, now).unwrap().etag.unwrap();
            assert!(doubtful.contains('~') && Some(&doubtful) != settled.etag.as_ref(), "{doubtful}");
        }
        assert_ne!(stamp(&first, changed).unwrap(), stamp(&first, changed + FINE / 2).unwrap());
    }
}
