//! The purges a node knows, and what they take.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Scope;
use crate::{Generation, Meta};

/// Purges that are remembered one by one: some 15 MB of memory. Of more, the oldest becomes a purge of
/// everything that is older than it.
pub(super) const MOST: usize = 65_536;

/// Which purges there were, and how far the log was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    position: Generation,
    /// The last purge. It may lie after the position for the moment in which it is written down.
    newest: Generation,
    /// The last purge of everything, or a later one that was forgotten.
    everything: Generation,
    by_tag: HashMap<Arc<str>, Generation>,
    by_age: BTreeSet<(Generation, Arc<str>)>,
}

impl Ledger {
    /// How far the log is known.
    pub(super) fn position(&self) -> Generation {
        self.position
    }

    /// The next position of a node that counts by itself.
    pub(super) fn next_here(&self) -> Generation {
        self.position.max(self.newest).next_here()
    }

    /// The log is known up to here.
    pub(super) fn advance(&mut self, position: Generation) {
        self.position = self.position.max(position);
    }

    /// Whether the envelope was begun after all purges that concern it.
    pub(super) fn allows(&self, meta: &Meta) -> bool {
        let begun = meta.generation;
        // begun after all purges: the usual case
        begun >= self.newest
            || (begun >= self.everything
                && meta.tags.iter().all(|tag| self.by_tag.get(&**tag).is_none_or(|purged| *purged <= begun)))
    }

    /// The last purge that concerns the tag.
    pub(super) fn last(&self, tag: &str) -> Generation {
        self.by_tag.get(tag).copied().unwrap_or_default().max(self.everything)
    }

    /// Whether this purge, or a later one of the same, is known.
    pub(super) fn knows(&self, scope: &Scope, at: Generation) -> bool {
        at <= match scope {
            Scope::Everything => self.everything,
            Scope::Tag(tag) => self.last(tag),
        }
    }

    /// Remembers a purge.
    pub(super) fn record(&mut self, scope: &Scope, at: Generation) {
        if self.knows(scope, at) {
            return;
        }
        self.newest = self.newest.max(at);
        match scope {
            Scope::Everything => self.forget_until(at),
            Scope::Tag(tag) => {
                let tag: Arc<str> = tag.as_str().into();
                if let Some(before) = self.by_tag.insert(Arc::clone(&tag), at) {
                    self.by_age.remove(&(before, Arc::clone(&tag)));
                }
                self.by_age.insert((at, tag));
                if self.by_age.len() > MOST
                    && let Some((oldest, _)) = self.by_age.first().cloned()
                {
                    self.forget_until(oldest);
                }
            }
        }
    }

    /// Every purge that is remembered, oldest first.
    pub(super) fn purges(&self) -> impl Iterator<Item = (Scope, Generation)> {
        let everything = Some((Scope::Everything, self.everything));
        let tags = self.by_age.iter().map(|(at, tag)| (Scope::Tag((**tag).to_owned()), *at));
        everything.into_iter().filter(|(_, at)| *at > Generation::ZERO).chain(tags)
    }

    /// Takes everything that was begun before as purged.
    fn forget_until(&mut self, at: Generation) {
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

    fn tag(name: &str) -> Scope {
        Scope::Tag(name.to_owned())
    }

    fn meta(tags: &[&str], begun: u64) -> Meta {
        Meta {
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            generation: at(begun),
            ..Meta::default()
        }
    }

    fn ledger(purges: &[(Scope, u64)]) -> Ledger {
        let mut ledger = Ledger::default();
        for (scope, number) in purges {
            ledger.record(scope, at(*number));
            ledger.advance(at(*number));
        }
        ledger
    }

    #[test]
    fn a_purge_takes_what_was_begun_before_and_carries_the_tag() {
        let ledger = ledger(&[(tag("a"), 10), (tag("b"), 20)]);
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
            assert_eq!(ledger.allows(&meta(tags, begun)), allowed, "{tags:?} begun at {begun}");
        }
    }

    #[test]
    fn everything_takes_all_and_forgets_the_tags_before() {
        let ledger = ledger(&[(tag("a"), 10), (Scope::Everything, 20), (tag("b"), 30)]);
        assert!(!ledger.allows(&meta(&[], 19)));
        assert!(ledger.allows(&meta(&["a"], 20)) && !ledger.allows(&meta(&["b"], 29)));
        assert_eq!(ledger.purges().count(), 2);
        assert_eq!((ledger.last("a"), ledger.last("b"), ledger.last("c")), (at(20), at(30), at(20)));
    }

    #[test]
    fn purges_may_come_late_and_twice() {
        let ledger = ledger(&[(tag("a"), 20), (tag("a"), 10), (tag("b"), 5), (tag("b"), 5)]);
        assert_eq!((ledger.last("a"), ledger.last("b"), ledger.position()), (at(20), at(5), at(20)));
        assert_eq!(ledger.purges().count(), 2);
    }

    #[test]
    fn the_oldest_of_too_many_becomes_a_purge_of_everything_before() {
        let mut ledger = Ledger::default();
        let most = MOST as u64;
        for number in 1..=most {
            ledger.record(&tag(&number.to_string()), at(number));
        }
        ledger.advance(at(most));
        assert!(ledger.allows(&meta(&["other"], 0)));
        ledger.record(&tag("one more"), at(most + 1));
        ledger.advance(at(most + 1));
        assert!(!ledger.allows(&meta(&["other"], 0)));
        assert!(ledger.allows(&meta(&["other"], 1)));
        assert_eq!(ledger.by_age.len(), MOST);
        assert_eq!(ledger.by_tag.len(), MOST);
    }
}
