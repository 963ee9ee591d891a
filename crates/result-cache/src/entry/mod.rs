//! A cache entry: the bytes of a body, and the metadata that a response needs.

mod codec;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::{Freshness, Generation, Lifetimes};

pub(crate) use codec::{FORMAT, decode_any, encode_into};

/// The metadata of a cached body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryMeta {
    /// HTTP status: 200, or 404 and 410 for a negative entry.
    pub status: u16,
    /// Media type of the body.
    pub content_type: String,
    /// Strong entity tag with its quotes, if there is one.
    pub etag: Option<String>,
    /// `Last-Modified` as the origin wrote it, so that it can be sent back unchanged.
    pub last_modified: Option<String>,
    /// When it was stored or last revalidated, in milliseconds since the Unix epoch.
    pub stored_at: u64,
    /// How long it may be used, from `stored_at` on.
    pub lifetimes: Lifetimes,
    /// Purge tags: one per original that it was made from, so that purging an original purges all results that show it. A tag
    /// contains no white space.
    pub tags: Vec<String>,
    /// The last position in the purge log that was known when the work on it began: purges after it apply.
    pub generation: Generation,
    /// Further response headers, in order.
    pub headers: Vec<(String, String)>,
    /// Files that it was made from: name, and what identifies the version that was used.
    pub files: Vec<(String, String)>,
    /// Whether a smaller encoding may take its place.
    pub refinement: Refinement,
}

/// Whether a smaller encoding may take the place of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refinement {
    /// No.
    #[default]
    Unsuitable,
    /// It is a first encoding.
    Pending,
    /// It is the second encoding, or the second encoding was no better.
    Done,
}

/// A body with its [`EntryMeta`]. Cloning shares the body.
#[derive(Clone, PartialEq, Eq)]
pub struct CacheEntry {
    /// The metadata.
    pub meta: EntryMeta,
    /// The bytes. The cache keeps their whole allocation alive: pass a slice of a larger buffer as a copy.
    pub body: Bytes,
}

impl CacheEntry {
    /// Time since it was stored, at the time `now` in milliseconds since the Unix epoch; zero if `now` is earlier.
    pub fn age(&self, now: u64) -> Duration {
        Duration::from_millis(now.saturating_sub(self.meta.stored_at))
    }

    /// Whether it is fresh, stale or expired at the time `now`, in milliseconds since the Unix epoch.
    pub fn state(&self, now: u64) -> Freshness {
        self.meta.lifetimes.state(self.age(now))
    }

    /// How long after `stored_at` it is of use: until then it is kept where there is room.
    pub fn retained_for(&self) -> Duration {
        self.meta.lifetimes.retained_for()
    }

    /// Its size in memory in bytes, without the overhead of the allocator.
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

/// Shows the length of the body, not its bytes.
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
        assert_eq!(entry.state(0), Freshness::Fresh, "a clock that was set back expires nothing");
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
