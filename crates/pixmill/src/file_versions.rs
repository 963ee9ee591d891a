//! Versions of files in folders: a cache entry made from a file is fresh only as long as the file is unchanged.
//!
//! A folder does not notify when one of its files changes. So an entry made from files names each with its version
//! ([`result_cache::EntryMeta::files`]), and counts as stale once one of them has another version. Each file is checked at most
//! once per `origin.folder_check`, however many entries and workers depend on it.

use std::{
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use origin::{ErrorKind, ObjectRef, Origins};
use parking_lot::RwLock;
use result_cache::{CacheEntry, Coalescer, Key};

use crate::{coalescing::local, error::Error, originals::origin_client::OriginClient};

/// Maximum number of files whose last check is remembered. Further files are checked on each request.
const MAX_FILES: usize = 100_000;

/// The version of a file that does not exist.
const ABSENT: &str = "";

/// The checks of one worker.
pub struct FileVersions {
    /// The names of files, and for how long a check of them holds.
    pub names: Rc<Origins>,
    /// The file systems.
    pub client: Rc<dyn OriginClient>,
    /// The last checks of all workers.
    pub checks: Arc<FileChecks>,
    /// How long a caller waits for a check.
    pub deadline: Duration,
}

/// The last check of each file, shared by all workers.
pub struct FileChecks {
    last: RwLock<HashMap<String, Check>>,
    in_flight: Coalescer<String, Error>,
}

struct Check {
    version: String,
    valid_until: Instant,
}

impl FileChecks {
    /// None yet. Nobody waits for a check that takes longer than `max_age`.
    pub fn new(max_age: Duration) -> Self {
        Self { last: RwLock::default(), in_flight: Coalescer::new(max_age) }
    }

    /// What `of` says of the version that a check has found, if that check still holds.
    fn recent<T>(&self, name: &str, of: impl FnOnce(&str) -> T) -> Option<T> {
        let last = self.last.read();
        last.get(name).filter(|check| check.valid_until > Instant::now()).map(|check| of(&check.version))
    }

    fn record(&self, name: String, version: String, valid_until: Instant) {
        let mut last = self.last.write();
        if last.len() >= MAX_FILES && !last.contains_key(&name) {
            let now = Instant::now();
            last.retain(|_, check| check.valid_until > now);
        }
        if last.len() < MAX_FILES || last.contains_key(&name) {
            last.insert(name, Check { version, valid_until });
        }
    }
}

impl FileVersions {
    /// Whether each file that the entry was made from still has the version that it had then, as far as is known: a file system
    /// that cannot be read does not make its entries stale.
    pub async fn are_current(self: &Rc<Self>, entry: &CacheEntry) -> bool {
        for (name, known) in &entry.meta.files {
            if !self.is_current(name, known).await {
                return false;
            }
        }
        true
    }

    async fn is_current(self: &Rc<Self>, name: &str, known: &str) -> bool {
        if let Some(is_current) = self.checks.recent(name, |version| version == known) {
            return is_current;
        }
        let deadline = Instant::now() + self.deadline;
        let check = || Rc::clone(self).check(name.to_owned());
        let key = Key::from_parts(&[name.as_bytes()]);
        match local::join(&self.checks.in_flight, key, deadline, check).await {
            Ok((version, _)) => version == known,
            Err(error) => {
                tracing::warn!(%error, "cannot check the version of a file");
                // so that not every request waits for the file system
                let valid_until = Instant::now() + self.names.file_check(name);
                self.checks.record(name.to_owned(), known.to_owned(), valid_until);
                true
            }
        }
    }

    async fn check(self: Rc<Self>, name: String) -> Result<String, Error> {
        if let Some(version) = self.checks.recent(&name, str::to_owned) {
            return Ok(version); // another check has just ended
        }
        let started = Instant::now();
        let version = match self.client.file_version(&name).await {
            Ok(version) => version.unwrap_or_else(|| ABSENT.to_owned()),
            // the fetch will report why it cannot be read
            Err(error) if error.kind() == ErrorKind::Forbidden => ABSENT.to_owned(),
            Err(error) => return Err(error.into()),
        };
        self.checks.record(name.clone(), version.clone(), started + self.names.file_check(&name));
        Ok(version)
    }

    /// Records the version of a file that a fetch brought, none if there was no file, and returns it in the form of
    /// [`result_cache::EntryMeta::files`].
    pub fn fetched(&self, name: &str, etag: Option<&str>, started: Instant) -> (String, String) {
        let version = etag.unwrap_or(ABSENT).to_owned();
        self.checks.record(name.to_owned(), version.clone(), started + self.names.file_check(name));
        (name.to_owned(), version)
    }
}

/// The file that an original would be if it existed, in the form of [`result_cache::EntryMeta::files`]; none if the original is
/// not in a folder.
pub fn absent_file(names: &Origins, target: &ObjectRef) -> Option<(String, String)> {
    Some((names.file_name(target)?, ABSENT.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_holds_for_a_while_and_their_number_is_bounded() {
        let checks = FileChecks::new(Duration::from_secs(1));
        let soon = Instant::now() + Duration::from_hours(1);
        checks.record("/a".to_owned(), "1".to_owned(), soon);
        checks.record("/b".to_owned(), "1".to_owned(), Instant::now());
        assert_eq!(checks.recent("/a", str::to_owned).as_deref(), Some("1"));
        assert_eq!(checks.recent("/b", str::to_owned), None);
        for number in 0..MAX_FILES {
            checks.record(format!("/{number}"), "1".to_owned(), soon);
        }
        assert_eq!(checks.last.read().len(), MAX_FILES);
        checks.record("/a".to_owned(), "2".to_owned(), soon);
        assert_eq!(checks.recent("/a", str::to_owned).as_deref(), Some("2"));
    }
}
