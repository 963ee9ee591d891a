//! The write-ahead log of purges, in the folder of the disk cache: purges outlast a restart, as the entries do.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use tokio::sync::oneshot;

use super::purge_index::{MAX_PURGES, PurgeIndex};
use super::scope::PurgeScope;
use crate::{Error, Generation};

/// Raised when the format of the lines changes. A file of another format counts as missing.
const HEAD: &str = "pixmill purges 1\n";
const FILE: &str = "purges";
/// Lines appended before the file is rewritten without those that later purges made superfluous.
const MAX_LINES: usize = 2 * MAX_PURGES;

/// A record: a purge, or the position up to which the shared log is known.
#[derive(Debug, Clone)]
pub(super) struct WalEntry {
    pub(super) purge: Option<(PurgeScope, Generation)>,
    pub(super) position: Generation,
}

type Ack = oneshot::Sender<io::Result<()>>;

/// A file of purges. A thread of its own writes it, several purges at a time. A record is synced to disk before it counts:
/// no cached entry can know more of the log than this file.
#[derive(Debug)]
pub(super) struct Wal(Sender<(Vec<WalEntry>, Ack)>);

/// The content of a log that was opened.
pub(super) struct OpenedWal {
    pub(super) wal: Wal,
    pub(super) index: PurgeIndex,
    /// Whether there was no readable log: nobody knows what was purged, so the disk cache has to be emptied.
    pub(super) is_missing: bool,
}

impl Wal {
    /// Opens the log in this folder, and creates folder and file if there are none.
    pub(super) fn open(folder: &Path) -> Result<OpenedWal, Error> {
        let path = folder.join(FILE);
        let failed = |source| Error::Folder { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => {
                String::new()
            }
            Err(error) => return Err(failed(error)),
        };
        let read = parse(&text);
        let is_missing = read.is_none();
        let index = read.unwrap_or_default();
        let (sender, receiver) = channel();
        let mut writer = WalWriter { path: path.clone(), index: index.clone(), file: None, lines: 0 };
        if is_missing {
            writer.rewrite().map_err(failed)?;
        }
        thread::Builder::new()
            .name("cache-purges".into())
            .spawn(move || writer.run(&receiver))
            .map_err(Error::start)?;
        Ok(OpenedWal { wal: Self(sender), index, is_missing })
    }

    /// Appends records; they are on disk when this returns `Ok`.
    pub(super) async fn add(&self, entries: Vec<WalEntry>) -> io::Result<()> {
        let ended = || io::Error::other("the thread that writes purges has ended");
        let (tell, told) = oneshot::channel();
        self.0.send((entries, tell)).map_err(|_| ended())?;
        told.await.unwrap_or_else(|_| Err(ended()))
    }
}

/// Writes the file, on a thread of its own.
struct WalWriter {
    path: PathBuf,
    /// The content of the file, to rewrite it.
    index: PurgeIndex,
    file: Option<File>,
    lines: usize,
}

impl WalWriter {
    fn run(mut self, entries: &Receiver<(Vec<WalEntry>, Ack)>) {
        while let Ok(first) = entries.recv() {
            let all: Vec<_> = [first].into_iter().chain(entries.try_iter()).collect();
            let result = self.add(all.iter().flat_map(|(entries, _)| entries));
            for (_, told) in all {
                let copy = match &result {
                    Ok(()) => Ok(()),
                    Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
                };
                // the caller may be gone
                drop(told.send(copy));
            }
        }
    }

    fn add<'a>(&mut self, entries: impl Iterator<Item = &'a WalEntry>) -> io::Result<()> {
        let mut text = String::new();
        for WalEntry { purge, position } in entries {
            if let Some((scope, at)) = purge {
                self.index.record(scope, *at);
                text += &line(scope, *at);
                self.lines += 1;
            }
            self.index.advance(*position);
        }
        text += &position(self.index.position());
        self.lines += 1;
        let result = match &mut self.file {
            Some(file) if self.lines < MAX_LINES => {
                file.write_all(text.as_bytes()).and_then(|()| file.sync_data())
            }
            // the first write too: nothing is appended to a line that a crash has truncated
            _ => self.rewrite(),
        };
        if result.is_err() {
            self.file = None;
        }
        result
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let mut text = HEAD.to_owned();
        for (scope, at) in self.index.purges() {
            text += &line(&scope, at);
        }
        text += &position(self.index.position());
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        self.lines = 0;
        self.file = Some(file);
        Ok(())
    }
}

fn line(scope: &PurgeScope, at: Generation) -> String {
    match scope {
        PurgeScope::Everything => format!("{at} everything\n"),
        PurgeScope::Tag(tag) => format!("{at} tag {tag}\n"),
    }
}

fn position(at: Generation) -> String {
    format!("{at} known\n")
}

/// The index that the text describes. Only its last line may be truncated, by a crash.
fn parse(text: &str) -> Option<PurgeIndex> {
    let mut index = PurgeIndex::default();
    let lines = text.strip_prefix(HEAD)?;
    let whole = &lines[..lines.rfind('\n').map_or(0, |end| end + 1)];
    for line in whole.lines() {
        let (at, what) = line.split_once(' ')?;
        let at = at.parse().ok()?;
        match what.split_once(' ') {
            Some(("tag", tag)) => index.record(&PurgeScope::Tag(tag.to_owned()), at),
            None if what == "everything" => index.record(&PurgeScope::Everything, at),
            None if what == "known" => index.advance(at),
            _ => return None,
        }
    }
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u64) -> Generation {
        Generation::from_log(&format!("{number}-0")).unwrap()
    }

    fn purge(tag: &str, number: u64) -> WalEntry {
        WalEntry { purge: Some((PurgeScope::Tag(tag.to_owned()), at(number))), position: at(number) }
    }

    #[tokio::test]
    async fn purges_outlast_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("cache");
        let opened = Wal::open(&folder).unwrap();
        assert!(opened.is_missing);
        opened.wal.add(vec![purge("a", 1), purge("b", 2)]).await.unwrap();
        opened.wal.add(vec![WalEntry { purge: None, position: at(9) }]).await.unwrap();
        let opened = Wal::open(&folder).unwrap();
        assert!(!opened.is_missing);
        let index = opened.index;
        assert_eq!((index.last_purge("a"), index.last_purge("b"), index.position()), (at(1), at(2), at(9)));
        opened.wal.add(vec![purge("a", 12)]).await.unwrap();
        let index = Wal::open(&folder).unwrap().index;
        assert_eq!((index.last_purge("a"), index.last_purge("b"), index.position()), (at(12), at(2), at(12)));
    }

    #[tokio::test]
    async fn only_a_truncated_line_is_lost_after_a_crash() {
        let dir = tempfile::tempdir().unwrap();
        let opened = Wal::open(dir.path()).unwrap();
        opened.wal.add(vec![purge("a", 1), purge("b", 2)]).await.unwrap();
        let path = dir.path().join(FILE);
        let text = fs::read_to_string(&path).unwrap();
        let whole = text.lines().map(|line| line.len() + 1).take(3).sum::<usize>();
        for cut in whole..whole + 10 {
            let index = parse(&text[..cut]).unwrap();
            assert_eq!((index.last_purge("a"), index.last_purge("b")), (at(1), Generation::ZERO));
        }
        fs::write(&path, &text[..whole + 5]).unwrap();
        let opened = Wal::open(dir.path()).unwrap();
        opened.wal.add(vec![purge("c", 3)]).await.unwrap();
        let index = Wal::open(dir.path()).unwrap().index;
        assert_eq!((index.last_purge("a"), index.last_purge("c")), (at(1), at(3)));
    }

    #[test]
    fn junk_counts_as_missing() {
        for junk in ["", "x", "pixmill purges 0\n", "pixmill purges 1\nx\n", "pixmill purges 1\n1 tags a\n"] {
            assert!(parse(junk).is_none(), "{junk:?}");
        }
        assert!(parse(HEAD).is_some());
    }
}
