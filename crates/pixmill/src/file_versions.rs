//! Files of folders are looked at again, so that one that was replaced, changed or removed shows soon.
//!
//! A folder says nothing when one of its files changes. So what was made from files remembers which, and which version
//! of them ([`result_cache::EntryMeta::files`]), and is as good as gone once one of them is another. Each file is looked at
//! once in `origin.folder_check`, however many answers and workers want to know.

use std::{
    collections::HashMap,
    rc::Rc,
    time::{Duration, Instant},
};

use origin::ObjectRef;
use parking_lot::Mutex;
use result_cache::{CacheEntry, Coalescer, Key};

use crate::{coalescing::local, error::Error, state::Worker};

/// How many files are remembered: more than are asked for between two looks at one. Beyond that they are looked at each
/// time.
const MOST: usize = 100_000;

/// What stands for the version of a file that is not there.
const ABSENT: &str = "";

/// The files that were looked at a moment ago.
pub struct FileVersions {
    found: Mutex<HashMap<String, Look>>,
    under_way: Coalescer<String, Error>,
}

struct Look {
    version: String,
    until: Instant,
}

impl FileVersions {
    /// None yet; one that is under way takes this long at most.
    pub fn new(longest: Duration) -> Self {
        Self { found: Mutex::default(), under_way: Coalescer::new(longest) }
    }

    fn recent(&self, name: &str) -> Option<String> {
        let found = self.found.lock();
        found.get(name).filter(|look| look.until > Instant::now()).map(|look| look.version.clone())
    }

    fn note(&self, name: String, version: String, until: Instant) {
        let mut found = self.found.lock();
        if found.len() >= MOST && !found.contains_key(&name) {
            let now = Instant::now();
            found.retain(|_, look| look.until > now);
        }
        if found.len() < MOST || found.contains_key(&name) {
            found.insert(name, Look { version, until });
        }
    }
}

/// Whether no file that this was made from has changed, as far as can be known. A folder that cannot be looked at is
/// no reason to have no answer.
pub async fn are_current(worker: &Rc<Worker>, entry: &CacheEntry) -> bool {
    for (name, known) in &entry.meta.files {
        if !is_current(worker, name, known).await {
            return false;
        }
    }
    true
}

async fn is_current(worker: &Rc<Worker>, name: &str, known: &str) -> bool {
    let looks = &worker.shared.file_versions;
    if let Some(version) = looks.recent(name) {
        return version == known;
    }
    let until = Instant::now() + worker.shared.config.limits.deadline;
    let look = || look(Rc::clone(worker), name.to_owned());
    match local::join(&looks.under_way, Key::from_parts(&[name.as_bytes()]), until, look).await {
        Ok((version, _)) => version == known,
        Err(error) => {
            tracing::warn!(error = %error, "a file cannot be looked at");
            // not each request is to wait for that
            looks.note(name.to_owned(), known.to_owned(), Instant::now() + worker.origins.file_check(name));
            true
        }
    }
}

async fn look(worker: Rc<Worker>, name: String) -> Result<String, Error> {
    let looks = &worker.shared.file_versions;
    if let Some(version) = looks.recent(&name) {
        return Ok(version); // the flight before is just done
    }
    let began = Instant::now();
    let version = match worker.origins.file_version(&name).await {
        Ok(version) => version.unwrap_or_else(|| ABSENT.to_owned()),
        // something is there that is not to be had, which the one that fetches it will tell
        Err(error) if error.kind() == origin::ErrorKind::Forbidden => ABSENT.to_owned(),
        Err(error) => return Err(error.into()),
    };
    looks.note(name.clone(), version.clone(), began + worker.origins.file_check(&name));
    Ok(version)
}

/// Notes what a fetch that `began` then has brought of a file, nothing if there was none, and says it in the form of
/// [`result_cache::EntryMeta::files`].
pub fn fetched(worker: &Worker, name: &str, etag: Option<&str>, began: Instant) -> (String, String) {
    let version = etag.unwrap_or(ABSENT).to_owned();
    let until = began + worker.origins.file_check(name);
    worker.shared.file_versions.note(name.to_owned(), version.clone(), until);
    (name.to_owned(), version)
}

/// The file that an original would be, if it were there.
pub fn absent(worker: &Worker, target: &ObjectRef) -> Option<(String, String)> {
    Some((worker.origins.file_name(target)?, ABSENT.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_holds_for_a_while_and_few_are_remembered() {
        let looks = FileVersions::new(Duration::from_secs(1));
        let soon = Instant::now() + Duration::from_hours(1);
        looks.note("/a".to_owned(), "1".to_owned(), soon);
        looks.note("/b".to_owned(), "1".to_owned(), Instant::now());
        assert_eq!(looks.recent("/a").as_deref(), Some("1"));
        assert_eq!(looks.recent("/b"), None);
        for number in 0..MOST {
            looks.note(format!("/{number}"), "1".to_owned(), soon);
        }
        assert_eq!(looks.found.lock().len(), MOST);
        looks.note("/a".to_owned(), "2".to_owned(), soon);
        assert_eq!(looks.recent("/a").as_deref(), Some("2"));
    }
}
