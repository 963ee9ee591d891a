//! The folder of a disk cache: its lock, its layout, and the epoch of its valid entries.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use parking_lot::Mutex;

use super::blocks::Sizes;
use crate::Error;

/// Raised when the files of another release cannot be read, also by an upgrade of foyer that changes its format: the folder
/// is then emptied.
const LAYOUT: u32 = 2;
const LOCK: &str = "lock";
const LABEL: &str = "label";
const BLOCKS: &str = "blocks";

/// An open folder, locked against every other cache until it is unlocked or dropped.
///
/// Beside the blocks of the engine it holds a label: the layout, the sizes that the blocks were made for, and the epoch.
/// Entries carry the epoch they were written in. Clearing the cache begins a new epoch, which is immediate and durable,
/// unlike overwriting gigabytes. If the label is missing, damaged or for other sizes, the blocks are useless: they are
/// removed and the cache starts empty, so files of a larger cache are removed too.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: File,
    sizes: Sizes,
    epoch: AtomicU64,
    writing: Mutex<()>,
}

impl Folder {
    /// Opens the folder, creates it if there is none, and finds out at once whether it is writable.
    pub(super) fn open(path: &Path, sizes: Sizes) -> Result<Self, Error> {
        let blocks = path.join(BLOCKS);
        at(path, fs::create_dir_all(path))?;
        let lock = lock(path)?;
        let label = path.join(LABEL);
        let epoch = fs::read_to_string(&label).ok().and_then(|text| read_label(&text, sizes));
        if epoch.is_none() && blocks.exists() {
            tracing::info!(folder = %path.display(), "disk cache starts empty: its files have another layout");
            at(&blocks, fs::remove_dir_all(&blocks))?;
        }
        at(&blocks, fs::create_dir_all(&blocks))?;
        let is_known = epoch.is_some();
        let epoch = AtomicU64::new(epoch.unwrap_or_default());
        let folder = Self { path: path.to_owned(), lock, sizes, epoch, writing: Mutex::default() };
        match folder.save() {
            // its entries can be read, and a server that does not start would be worse than a full disk
            Err(Error::Folder { source, .. }) if is_known && source.kind() == ErrorKind::StorageFull => {
                tracing::warn!(folder = %path.display(), "no space left on the disk of the cache");
            }
            saved => saved?,
        }
        Ok(folder)
    }

    /// The folder of the blocks.
    pub(super) fn blocks(&self) -> PathBuf {
        self.path.join(BLOCKS)
    }

    /// The current epoch: entries of any other epoch are not valid.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(SeqCst)
    }

    /// Begins a new epoch, in this process only until it is [saved](Self::save).
    pub(super) fn begin_epoch(&self) {
        self.epoch.fetch_add(1, SeqCst);
    }

    /// Writes the whole label and syncs it to disk: a crash leaves the old label or the new one.
    pub(super) fn save(&self) -> Result<(), Error> {
        // the last writer writes the newest epoch
        let _writing = self.writing.lock();
        let new = self.path.join("label.new");
        let label = self.path.join(LABEL);
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(write_label(self.sizes, self.epoch()).as_bytes())?;
            file.sync_all()
        });
        at(&new, written)?;
        at(&label, fs::rename(&new, &label))
    }

    /// Lets another cache open the folder.
    pub(super) fn unlock(&self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, folder = %self.path.display(), "cannot unlock the cache folder");
        }
    }
}

fn lock(path: &Path) -> Result<File, Error> {
    let name = path.join(LOCK);
    let file = at(&name, File::options().create(true).append(true).open(&name))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::Folder { path: name, source }),
    }
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, Error> {
    result.map_err(|source| Error::Folder { path: path.to_owned(), source })
}

fn write_label(sizes: Sizes, epoch: u64) -> String {
    format!("pixmill cache {LAYOUT} {} {} {epoch}\n", sizes.capacity, sizes.block)
}

/// The epoch, if the label is complete and for these sizes.
fn read_label(text: &str, sizes: Sizes) -> Option<u64> {
    let epoch = text.trim_end().rsplit(' ').next()?.parse().ok()?;
    (write_label(sizes, epoch) == text).then_some(epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(max_bytes: u64) -> Sizes {
        Sizes::new(max_bytes, 1 << 20)
    }

    #[test]
    fn only_a_complete_label_for_the_same_sizes_is_valid() {
        let (small, large) = (sizes(1 << 24), sizes(1 << 25));
        let text = write_label(small, 12);
        assert_eq!(read_label(&text, small), Some(12));
        assert_eq!(read_label(&text, large), None);
        for len in 0..text.len() {
            assert_eq!(read_label(&text[..len], small), None, "{:?}", &text[..len]);
        }
        let older = text.replacen(&LAYOUT.to_string(), &(LAYOUT - 1).to_string(), 1);
        for junk in ["", " ", "\n", &older, "a 12", "é"] {
            assert_eq!(read_label(junk, small), None, "{junk:?}");
        }
    }

    #[test]
    fn the_epoch_survives_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path(), sizes(1 << 24)).unwrap();
        assert_eq!(folder.epoch(), 0);
        folder.begin_epoch();
        folder.save().unwrap();
        drop(folder);
        assert_eq!(Folder::open(dir.path(), sizes(1 << 24)).unwrap().epoch(), 1);
    }

    #[test]
    fn other_sizes_or_a_damaged_label_empty_the_blocks_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let block = dir.path().join(BLOCKS).join("block");
        let foreign = dir.path().join("not-ours");
        drop(Folder::open(dir.path(), sizes(1 << 24)).unwrap());
        fs::write(&foreign, "kept").unwrap();

        fs::write(&block, "old").unwrap();
        drop(Folder::open(dir.path(), sizes(1 << 24)).unwrap());
        assert!(block.exists(), "the same sizes keep the blocks");

        let other = sizes(1 << 25);
        drop(Folder::open(dir.path(), other).unwrap());
        assert!(!block.exists());

        fs::write(&block, "old").unwrap();
        fs::write(dir.path().join(LABEL), "junk").unwrap();
        drop(Folder::open(dir.path(), other).unwrap());
        assert!(!block.exists());
        assert!(foreign.exists());
    }

    #[test]
    fn a_folder_is_locked_until_it_is_unlocked() {
        let dir = tempfile::tempdir().unwrap();
        let first = Folder::open(dir.path(), sizes(1 << 24)).unwrap();
        let error = Folder::open(dir.path(), sizes(1 << 24)).unwrap_err();
        assert!(matches!(error, Error::InUse { .. }), "{error}");
        assert_eq!(error.kind(), crate::ErrorKind::Open);
        first.unlock();
        assert!(Folder::open(dir.path(), sizes(1 << 24)).is_ok());
    }

    #[test]
    fn the_error_names_a_path_that_cannot_be_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("below")] {
            let error = Folder::open(&path, sizes(1 << 24)).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Open);
            assert!(error.to_string().contains("file"), "{error}");
        }
    }
}
