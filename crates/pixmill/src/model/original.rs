//! An original: the bytes of a picture before any parameter is applied, with the metadata from its origin.

use std::sync::Arc;

use result_cache::{CacheEntry, Key};

/// Header of a cached entry: how long the origin took, in milliseconds. It is passed on to clients.
pub const FETCH_TIME: &str = "x-origin-fetch-time";

/// Header of a cached original that has no validators, or that is a file: the BLAKE3 digest of its bytes, by which versions
/// are told apart.
pub const DIGEST: &str = "digest";

/// An original.
#[derive(Debug, Clone)]
pub struct Original {
    /// Its bytes, its validators, its lifetimes and its purge tags.
    pub entry: Arc<CacheEntry>,
    /// Whether it, and variants built from it, may be stored.
    pub storability: Storability,
}

/// Whether an original, and variants built from it, may be stored. What HTTP caches further down may do is decided where
/// responses are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storability {
    /// They may be stored.
    Storable,
    /// They must not be stored: the origin forbids it, or the original came with a request.
    NotStorable,
    /// The original is stale, and used because its origin failed. Variants of it may be stored: they are as stale as it is.
    Stale,
}

impl Storability {
    /// The storability of a variant of two originals.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotStorable, _) | (_, Self::NotStorable) => Self::NotStorable,
            (Self::Stale, _) | (_, Self::Stale) => Self::Stale,
            (Self::Storable, Self::Storable) => Self::Storable,
        }
    }
}

impl Original {
    /// A key that differs between versions of the original.
    ///
    /// Where the bytes were hashed, it depends on them alone: the validators of a file are those of one place on one machine.
    pub fn version(&self) -> Key {
        let CacheEntry { meta, body } = &*self.entry;
        let digest = meta.headers.iter().find(|(name, _)| name == DIGEST);
        let digest = digest.map_or("", |(_, digest)| digest);
        let part = |text: &Option<String>| text.clone().filter(|_| digest.is_empty()).unwrap_or_default();
        Key::from_parts(&[
            part(&meta.etag).as_bytes(),
            part(&meta.last_modified).as_bytes(),
            &body.len().to_le_bytes(),
            digest.as_bytes(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use result_cache::EntryMeta;

    use super::*;

    fn version(etag: &str, last_modified: &str, digest: &str, body: &'static [u8]) -> Key {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let headers = some(digest).map(|digest| (DIGEST.to_owned(), digest)).into_iter().collect();
        let meta = EntryMeta {
            etag: some(etag),
            last_modified: some(last_modified),
            headers,
            ..EntryMeta::default()
        };
        let entry = Arc::new(CacheEntry { meta, body: Bytes::from_static(body) });
        Original { entry, storability: Storability::Storable }.version()
    }

    #[test]
    fn versions_differ_by_validators_length_and_digest() {
        let versions = [
            version("\"1\"", "", "", b"a"),
            version("\"2\"", "", "", b"a"),
            version("", "monday", "", b"a"),
            version("", "monday", "", b"ab"),
            version("", "", "1", b"a"),
            version("", "", "2", b"a"),
        ];
        for (index, one) in versions.iter().enumerate() {
            assert!(!versions[index + 1..].contains(one), "{index}");
        }
        assert_eq!(versions[0], version("\"1\"", "", "", b"a"));
    }

    #[test]
    fn the_stricter_storability_holds_for_both() {
        use Storability::{NotStorable, Stale, Storable};
        for (one, other, both) in [
            (Storable, Storable, Storable),
            (Storable, Stale, Stale),
            (Stale, NotStorable, NotStorable),
            (Storable, NotStorable, NotStorable),
        ] {
            assert_eq!((one.and(other), other.and(one)), (both, both), "{one:?} {other:?}");
        }
    }
}
