//! The index of the purges that a node knows, and which entries they remove.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::scope::PurgeScope;
use crate::{EntryMeta, Generation};

/// Purges that are remembered individually: about 15 MB of memory. Beyond that, the oldest one becomes a purge of
/// everything older than it.
pub(super) const MAX_PURGES: usize = 65_536;

/// The last purge of each tag, and the position up to which the log is known.
#[derive(Debug, Clone, Default)]
pub(super) struct PurgeIndex {
    position: Generation,
    /// The position of the last purge. It may be after `position` while that purge is being written to disk.
    newest: Generation,
    /// The last purge of everything, or a later purge of a tag that was compacted into one.
    everything: Generation,
    by_tag: HashMap<Arc<str>, Generation>,
    by_age: BTreeSet<(Generation, Arc<str>)>,
}

impl PurgeIndex {
    /// The position up to which the log is known.
    pub(super) fn position(&self) -> Generation {
        self.position
    }

    /// The next position of a node that counts on by itself.
    pub(super) fn next_here(&self) -> Generation {
        self.position.max(self.newest).next_here()
    }

    /// The log is known up to this position.
    pub(super) fn advance(&mut self, position: Generation) {
        self.position = self.position.max(position);
    }

    /// Whether the work on the entry began after all purges that apply to it.
    pub(super) fn allows(&self, meta: &EntryMeta) -> bool {
        let begun = meta.generation;
        // after all purges: the usual case
        begun >= self.newest
            || (begun >= self.everything
                && meta.tags.iter().all(|tag| self.by_tag.get(&**tag).is_none_or(|purged| *purged <= begun)))
    }

    /// The position of the last purge that applies to the tag.
    pub(super) fn last_purge(&self, tag: &str) -> Generation {
        self.by_tag.get(tag).copied().unwrap_or_default().max(self.everything)
    }

    /// Whether this purge, or a later one of the same scope, is known.
    pub(super) fn contains(&self, scope: &PurgeScope, at: Generation) -> bool {
        at <= match scope {
            PurgeScope::Everything => self.everything,
            PurgeScope::Tag(tag) => self.last_purge(tag),
        }
    }

    /// Records a purge.
    pub(super) fn record(&mut self, scope: &PurgeScope, at: Generation) {
        if self.contains(scope, at) {
            return;
        }
        self.newest = self.newest.max(at);
        match scope {
            PurgeScope::Everything => self.compact_until(at),
            PurgeScope::Tag(tag) => {
                let tag: Arc<str> = tag.as_str().into();
                if let Some(before) = self.by_tag.insert(Arc::clone(&tag), at) {
                    self.by_age.remove(&(before, Arc::clone(&tag)));
                }
                self.by_age.insert((at, tag));
                if self.by_age.len() > MAX_PURGES
                    && let Some((oldest, _)) = self.by_age.first().cloned()
                {
                    self.compact_until(oldest);
                }
            }
        }
    }

    /// All purges that are remembered, oldest first.
    pub(super) fn purges(&self) -> impl Iterator<Item = (PurgeScope, Generation)> {
        let everything = Some((PurgeScope::Everything, self.everything));
        let tags = self.by_age.iter().map(|(at, tag)| (PurgeScope::Tag((**tag).to_owned()), *at));
        everything.into_iter().filter(|(_, at)| *at > Generation::ZERO).chain(tags)
    }

    /// Replaces all purges up to this position by a purge of everything.
    fn compact_until(&mut self, at: Generation) {
        self.everything = at;
        while let Some((oldest, tag)) = self.by_age.first().filter(|(oldest, _)| *oldest <= at).cloned() {
            self.by_age.remove(&(oldest, Arc::clone(&tag)));
            self.by_tag.remove(&tag);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u64) -> Generation {
        Generation::from_log(&format!("{number}-0")).unwrap()
    }

    fn tag(name: &str) -> PurgeScope {
        PurgeScope::Tag(name.to_owned())
    }

    fn meta(tags: &[&str], begun: u64) -> EntryMeta {
        EntryMeta {
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            generation: at(begun),
            ..EntryMeta::default()
        }
    }

    fn index(purges: &[(PurgeScope, u64)]) -> PurgeIndex {
        let mut index = PurgeIndex::default();
        for (scope, number) in purges {
            index.record(scope, at(*number));
            index.advance(at(*number));
        }
        index
    }

    #[test]
    fn a_purge_removes_older_entries_with_its_tag() {
        let index = index(&[(tag("a"), 10), (tag("b"), 20)]);
        for (tags, begun, allowed) in [
            (&["a"][..], 9, false),
            (&["a"], 10, true),
            (&["b"], 19, false),
            (&["b"], 20, true),
            (&["c"], 0, true),
            (&[], 0, true),
            (&["c", "b"], 15, false),
            (&["a", "b"], 21, true),
        ] {
            assert_eq!(index.allows(&meta(tags, begun)), allowed, "{tags:?} begun at {begun}");
        }
    }

    #[test]
    fn a_purge_of_everything_replaces_older_purges_of_tags() {
        let index = index(&[(tag("a"), 10), (PurgeScope::Everything, 20), (tag("b"), 30)]);
        assert!(!index.allows(&meta(&[], 19)));
        assert!(index.allows(&meta(&["a"], 20)) && !index.allows(&meta(&["b"], 29)));
        assert_eq!(index.purges().count(), 2);
        assert_eq!(
            (index.last_purge("a"), index.last_purge("b"), index.last_purge("c")),
            (at(20), at(30), at(20))
        );
    }

    #[test]
    fn purges_may_arrive_late_and_twice() {
        let index = index(&[(tag("a"), 20), (tag("a"), 10), (tag("b"), 5), (tag("b"), 5)]);
        assert_eq!((index.last_purge("a"), index.last_purge("b"), index.position()), (at(20), at(5), at(20)));
        assert_eq!(index.purges().count(), 2);
    }

    #[test]
    fn the_oldest_of_too_many_purges_becomes_one_of_everything() {
        let mut index = PurgeIndex::default();
        let most = MAX_PURGES as u64;
        for number in 1..=most {
            index.record(&tag(&number.to_string()), at(number));
        }
        index.advance(at(most));
        assert!(index.allows(&meta(&["other"], 0)));
        index.record(&tag("one more"), at(most + 1));
        index.advance(at(most + 1));
        assert!(!index.allows(&meta(&["other"], 0)));
        assert!(index.allows(&meta(&["other"], 1)));
        assert_eq!(index.by_age.len(), MAX_PURGES);
        assert_eq!(index.by_tag.len(), MAX_PURGES);
    }
}
