//! What was purged: known in memory, kept on disk, and asked at every hit.

mod journal;
mod ledger;

use std::io;
use std::path::Path;

use parking_lot::RwLock;
use tokio::sync::watch;

use crate::{Error, Generation, Meta};
use journal::{Entry, Journal};
use ledger::Ledger;

/// Purges that the shared log remembers: as many as a node does.
pub(crate) const MOST: usize = ledger::MOST;

/// What a purge takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Whatever was begun before it.
    Everything,
    /// What carries this tag. A tag is one word.
    Tag(String),
}

/// The purges that this node knows.
#[derive(Debug)]
pub(crate) struct Purges {
    ledger: RwLock<Ledger>,
    journal: Option<Journal>,
    is_new: bool,
    /// Tells that the position has moved.
    moved: watch::Sender<()>,
}

impl Purges {
    /// Purges of a node that keeps nothing when it ends.
    pub(crate) fn in_memory() -> Self {
        Self { ledger: RwLock::default(), journal: None, is_new: false, moved: watch::Sender::default() }
    }

    /// Purges that are kept in this folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let journal::Opened { journal, ledger, is_new } = Journal::open(folder)?;
        let ledger = RwLock::new(ledger);
        Ok(Self { ledger, journal: Some(journal), is_new, moved: watch::Sender::default() })
    }

    /// Whether nothing is known of purges that may have concerned what is on the disk.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    pub(crate) fn position(&self) -> Generation {
        self.ledger.read().position()
    }

    pub(crate) fn allows(&self, meta: &Meta) -> bool {
        self.ledger.read().allows(meta)
    }

    pub(crate) fn last(&self, tag: &str) -> Generation {
        self.ledger.read().last(tag)
    }

    /// Every purge that is remembered, oldest first.
    pub(crate) fn all(&self) -> Vec<(Scope, Generation)> {
        self.ledger.read().purges().collect()
    }

    /// A purge at a position of the shared log, which need not be known up to there. It holds at once; in
    /// error, it may not outlast a restart.
    pub(crate) async fn record(&self, scope: Scope, at: Generation) -> io::Result<()> {
        self.record_all(vec![(scope, at)], Generation::ZERO).await
    }

    /// Waits until the log is known up to this position.
    pub(crate) async fn known(&self, position: Generation) {
        let mut moved = self.moved.subscribe();
        while self.position() < position && moved.changed().await.is_ok() {}
    }

    /// Purges of the shared log, which is then known up to `position`.
    pub(crate) async fn record_all(
        &self,
        purges: Vec<(Scope, Generation)>,
        position: Generation,
    ) -> io::Result<()> {
        let entries = if purges.is_empty() {
            vec![Entry { purge: None, position }]
        } else {
            purges.iter().map(|purge| Entry { purge: Some(purge.clone()), position }).collect()
        };
        {
            let mut ledger = self.ledger.write();
            for (scope, at) in &purges {
                ledger.record(scope, *at);
            }
        }
        // on the disk before it counts as known: an entry there must not know more of the log than the journal
        let kept = self.keep(entries).await;
        self.advance(position);
        kept
    }

    /// A purge that the shared log knows nothing of: at the next position that this node counts.
    pub(crate) async fn record_here(&self, scope: Scope) -> io::Result<()> {
        let at = {
            let mut ledger = self.ledger.write();
            let at = ledger.next_here();
            ledger.record(&scope, at);
            at
        };
        let kept = self.keep(vec![Entry { purge: Some((scope, at)), position: at }]).await;
        self.advance(at);
        kept
    }

    fn advance(&self, position: Generation) {
        self.ledger.write().advance(position);
        self.moved.send_replace(());
    }

    async fn keep(&self, entries: Vec<Entry>) -> io::Result<()> {
        match &self.journal {
            Some(journal) => journal.add(entries).await,
            None => Ok(()),
        }
    }
}
