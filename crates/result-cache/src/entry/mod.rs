//! The cached thing: body bytes and what an answer needs to say about them.

mod codec;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::{Freshness, Generation, Lifetimes};

pub(crate) use codec::{FORMAT, decode_any, encode_into};

/// What is known about a cached body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryMeta {
    /// HTTP status of the answer: 200, or 404 and 410 for remembered absence.
    pub status: u16,
    /// Media type of the body.
    pub content_type: String,
    /// Strong validator with its quotes, if there is one.
    pub etag: Option<String>,
    /// Modification date as the origin wrote it, so that it can be sent back unchanged.
    pub last_modified: Option<String>,
    /// When it was stored or last found unchanged, in milliseconds since the Unix epoch.
    pub stored_at: u64,
    /// How long it may be used, counted from `stored_at`.
    pub lifetimes: Lifetimes,
    /// Keyspace the originals it was made from, so that a purge of one takes all that show it. Each is one word.
    pub tags: Vec<String>,
    /// How much of the log of purges was known when the making of it began.
    pub generation: Generation,
    /// Further headers of the answer, in order.
    pub headers: Vec<(String, String)>,
    /// Files that it was made from, by name, and what tells the version that was used from those that take its
    /// place.
    pub files: Vec<(String, String)>,
}

/// A body with its [`EntryMeta`]. Cloning shares the body.
#[derive(Clone, PartialEq, Eq)]
pub struct CacheEntry {
    /// What is known about the body.
    pub meta: EntryMeta,
    /// The bytes. The cache keeps their whole allocation alive: hand in a slice of a larger buffer as a copy.
    pub body: Bytes,
}

impl CacheEntry {
    /// Time since it was stored; zero if the clock stands before that.
    pub fn age(&self, now: u64) -> Duration {
        Duration::from_millis(now.saturating_sub(self.meta.stored_at))
    }

    /// What may be done with it at the time `now`, in milliseconds since the Unix epoch.
    pub fn state(&self, now: u64) -> Freshness {
        self.meta.lifetimes.state(self.age(now))
    }

    /// How long after `stored_at` it is worth keeping.
    pub fn retained_for(&self) -> Duration {
        self.meta.lifetimes.retained_for()
    }

    /// Bytes it takes in memory, allocator overhead left out.
    pub fn weight(&self) -> usize {
        let meta = &self.meta;
        let texts = meta.content_type.len()
            + meta.tags.iter().map(|tag| size_of::<String>() + tag.len()).sum::<usize>()
            + meta.etag.as_ref().map_or(0, String::len)
            + meta.last_modified.as_ref().map_or(0, String::len);
        let headers: usize = meta
            .headers
            .iter()
            .chain(&meta.files)
            .map(|pair| size_of_val(pair) + pair.0.len() + pair.1.len())
            .sum();
        size_of::<Self>() + texts + headers + self.body.len()
    }
}

/// Shows how long the body is, not its bytes.
impl fmt::Debug for CacheEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheEntry").field("meta", &self.meta).field("body_len", &self.body.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(stored_at: u64, fresh: u64) -> CacheEntry {
        let lifetimes = Lifetimes { fresh_for: Duration::from_millis(fresh), ..Lifetimes::default() };
        CacheEntry { meta: EntryMeta { stored_at, lifetimes, ..EntryMeta::default() }, body: Bytes::new() }
    }

    #[test]
    fn age_counts_from_storing_and_never_below_zero() {
        assert_eq!(entry(1000, 0).age(1500), Duration::from_millis(500));
        assert_eq!(entry(1000, 0).age(1000), Duration::ZERO);
        assert_eq!(entry(1000, 0).age(400), Duration::ZERO);
    }

    #[test]
    fn state_follows_the_clock() {
        let entry = entry(1000, 500);
        assert_eq!(entry.state(1499), Freshness::Fresh);
        assert_eq!(entry.state(1500), Freshness::Expired);
        assert_eq!(entry.state(0), Freshness::Fresh, "a clock set back must not expire anything");
    }

    #[test]
    fn weight_counts_every_text() {
        let mut entry = entry(0, 0);
        let bare = entry.weight();
        entry.body = Bytes::from_static(&[0; 100]);
        entry.meta.tags = vec!["t".repeat(10)];
        entry.meta.content_type = "c".repeat(10);
        entry.meta.etag = Some("e".repeat(10));
        entry.meta.last_modified = Some("l".repeat(10));
        assert_eq!(entry.weight(), bare + 140 + size_of::<String>());
        entry.meta.headers.push(("n".repeat(10), "v".repeat(10)));
        assert_eq!(entry.weight(), bare + 160 + size_of::<String>() + size_of::<(String, String)>());
    }
}
