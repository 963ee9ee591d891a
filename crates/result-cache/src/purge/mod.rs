//! The purges that this node knows: an index in memory, which every hit consults, and a write-ahead log on disk.

mod purge_index;
mod scope;
mod wal;

use std::io;
use std::path::Path;

use parking_lot::RwLock;
use tokio::sync::watch;

use crate::{EntryMeta, Error, Generation};
use purge_index::PurgeIndex;
pub use scope::PurgeScope;
use wal::{Wal, WalEntry};

/// How many purges the shared log keeps: as many as the index of a node.
pub(crate) const MAX_PURGES: usize = purge_index::MAX_PURGES;

/// The purges that this node knows.
#[derive(Debug)]
pub(crate) struct PurgeLog {
    index: RwLock<PurgeIndex>,
    wal: Option<Wal>,
    is_missing: bool,
    /// Notified when the position has advanced.
    moved: watch::Sender<()>,
}

impl PurgeLog {
    /// A log that does not outlast this process.
    pub(crate) fn in_memory() -> Self {
        Self { index: RwLock::default(), wal: None, is_missing: false, moved: watch::Sender::default() }
    }

    /// Opens the log in this folder, and creates it if there is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let wal::OpenedWal { wal, index, is_missing } = Wal::open(folder)?;
        let index = RwLock::new(index);
        Ok(Self { index, wal: Some(wal), is_missing, moved: watch::Sender::default() })
    }

    /// Whether there was no readable log: purges that concern entries on the disk may have been lost.
    pub(crate) fn is_missing(&self) -> bool {
        self.is_missing
    }

    pub(crate) fn position(&self) -> Generation {
        self.index.read().position()
    }

    pub(crate) fn allows(&self, meta: &EntryMeta) -> bool {
        self.index.read().allows(meta)
    }

    pub(crate) fn last_purge(&self, tag: &str) -> Generation {
        self.index.read().last_purge(tag)
    }

    /// Every purge that is remembered, oldest first.
    pub(crate) fn all(&self) -> Vec<(PurgeScope, Generation)> {
        self.index.read().purges().collect()
    }

    /// Records a purge at a position of the shared log, which need not be known up to there. It applies at once.
    ///
    /// On an error it applies too, but may be lost at a restart.
    pub(crate) async fn record(&self, scope: PurgeScope, at: Generation) -> io::Result<()> {
        self.record_all(vec![(scope, at)], Generation::ZERO).await
    }

    /// Waits until the log is known up to this position.
    pub(crate) async fn known(&self, position: Generation) {
        let mut moved = self.moved.subscribe();
        while self.position() < position && moved.changed().await.is_ok() {}
    }

    /// Records purges of the shared log, which is then known up to `position`.
    pub(crate) async fn record_all(
        &self,
        purges: Vec<(PurgeScope, Generation)>,
        position: Generation,
    ) -> io::Result<()> {
        let entries = if purges.is_empty() {
            vec![WalEntry { purge: None, position }]
        } else {
            purges.iter().map(|purge| WalEntry { purge: Some(purge.clone()), position }).collect()
        };
        {
            let mut index = self.index.write();
            for (scope, at) in &purges {
                index.record(scope, *at);
            }
        }
        // on disk before it counts as known: an entry on disk must not know more of the log than the write-ahead log
        let persisted = self.persist(entries).await;
        self.advance(position);
        persisted
    }

    /// Records a purge that the shared log does not have, at the next position that this node counts.
    pub(crate) async fn record_here(&self, scope: PurgeScope) -> io::Result<()> {
        let at = {
            let mut index = self.index.write();
            let at = index.next_here();
            index.record(&scope, at);
            at
        };
        let persisted = self.persist(vec![WalEntry { purge: Some((scope, at)), position: at }]).await;
        self.advance(at);
        persisted
    }

    fn advance(&self, position: Generation) {
        self.index.write().advance(position);
        self.moved.send_replace(());
    }

    async fn persist(&self, entries: Vec<WalEntry>) -> io::Result<()> {
        match &self.wal {
            Some(wal) => wal.add(entries).await,
            None => Ok(()),
        }
    }
}
