//! A configured origin that is a folder.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{sync::Semaphore, time::timeout};
use url::Url;

use crate::{
    config::origin_config::OriginConfig,
    error::{Error, Phase, Result},
    fetched::OriginResponse,
    filesystem::file_read::FileRead,
    origin::{Kind, LocalFiles, OpenContext, Origin, OriginRequest},
    path::SourcePath,
};

pub(crate) const KIND: Kind = Kind {
    name: "folder",
    recognizes: is_folder,
    check: check_folder,
    open: |config, context| Ok(Box::new(FolderOrigin::open(config, context)?)),
};

/// A folder of originals.
pub(crate) struct FolderOrigin {
    root: Arc<PathBuf>,
    /// One permit per file that is being read: the threads for it have no bound of their own.
    readers: Arc<Semaphore>,
    timeout: Duration,
    /// The time limit of a check, which holds up a response that is there already: as long as a connection may take.
    check_timeout: Duration,
    check_interval: Duration,
    max_bytes: u64,
}

/// A path without a scheme, or a `file://` URL.
pub(super) fn is_folder(url: &str) -> bool {
    !url.is_empty() && url.split_once("://").is_none_or(|(scheme, _)| scheme.eq_ignore_ascii_case("file"))
}

pub(super) fn parse_url(url: &str) -> Result<PathBuf, &'static str> {
    if !url.contains("://") {
        return Ok(PathBuf::from(url));
    }
    let url = Url::parse(url).map_err(|_| "expected a valid URL")?;
    url.to_file_path().map_err(|()| "expected a path on this machine")
}

fn check_folder(url: &str) -> Result<(), &'static str> {
    let path = parse_url(url)?;
    if path.is_dir() { Ok(()) } else { Err("expected an http(s) URL or a folder that exists") }
}

impl FolderOrigin {
    fn open(config: &OriginConfig, context: &OpenContext<'_>) -> Result<Self, String> {
        let path = parse_url(&config.url)?;
        let root = std::path::absolute(path).map_err(|error| format!("origin.url is no folder: {error}"))?;
        Ok(Self {
            root: Arc::new(root),
            readers: Arc::new(Semaphore::new(config.max_connections as usize)),
            timeout: config.timeout,
            check_timeout: config.connect_timeout.min(config.timeout),
            check_interval: config.folder_check,
            max_bytes: context.max_bytes,
        })
    }

    /// The file at this path; `None` for what is never a file, see [`relative`].
    fn file(&self, path: &SourcePath) -> Option<FileRead> {
        Some(FileRead {
            root: Arc::clone(&self.root),
            relative: relative(path)?,
            original: self.identity(path),
            known: None,
            max_bytes: self.max_bytes,
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        read: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        timeout(limit, self.on_thread(read)).await.unwrap_or_else(|_| {
            Err(Error::Timeout { host: self.root.display().to_string(), phase: Phase::Fetch, limit })
        })
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let broken = |reason: String| Error::Broken { host: self.root.display().to_string(), reason };
        let permit = Arc::clone(&self.readers).acquire_owned().await.map_err(|e| broken(e.to_string()))?;
        #[expect(clippy::disallowed_methods, reason = "reads a file, within the bound of `readers`")]
        let reading = actix_rt::task::spawn_blocking(move || {
            let result = read();
            drop(permit);
            result
        });
        reading.await.map_err(|error| broken(error.to_string()))?
    }
}

#[async_trait(?Send)]
impl Origin for FolderOrigin {
    fn name(&self) -> &'static str {
        "folder"
    }

    fn identity(&self, path: &SourcePath) -> String {
        format!("file://{}{}", self.root.display(), path.identity())
    }

    async fn fetch(&self, request: &OriginRequest<'_>) -> Result<OriginResponse> {
        let OriginRequest { path, known, .. } = *request;
        let Some(file) = self.file(path) else {
            return Err(Error::NotFound { original: self.identity(path) });
        };
        let file = FileRead { known: known.cloned(), ..file };
        self.run(self.timeout, move || file.run()).await
    }

    fn files(&self) -> Option<&dyn LocalFiles> {
        Some(self)
    }
}

#[async_trait(?Send)]
impl LocalFiles for FolderOrigin {
    async fn version(&self, path: &SourcePath) -> Result<Option<String>> {
        let Some(file) = self.file(path) else { return Ok(None) };
        match self.run(self.check_timeout, move || file.version()).await {
            Ok(version) => Ok(Some(version)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn check_interval(&self) -> Duration {
        self.check_interval
    }
}

/// The path below the folder; `None` for hidden files, for names with a slash, which no file has, and for the folder itself.
fn relative(path: &SourcePath) -> Option<PathBuf> {
    let segments = path.segments();
    let no_file = segments.iter().any(|segment| segment.starts_with(b".") || segment.contains(&b'/'));
    (!no_file && !segments.is_empty())
        .then(|| segments.iter().map(|segment| OsStr::from_bytes(segment)).collect())
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
}
