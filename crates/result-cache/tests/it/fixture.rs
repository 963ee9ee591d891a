//! Entries, keys and settings that the tests share.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use result_cache::{
    CacheEntry, CacheName, Config, DiskSettings, EntryMeta, Generation, Key, Lifetimes, RedisSettings,
    Refinement,
};

/// When every entry of the tests was stored, in milliseconds since the Unix epoch.
pub const STORED: u64 = 1_700_000_000_000;
/// How long every entry of the tests is fresh.
pub const FRESH: Duration = Duration::from_mins(1);

pub fn key(n: u64) -> Key {
    Key::from_parts(&[b"test", &n.to_le_bytes()])
}

/// An entry with its number in every part.
pub fn entry(n: u64, len: usize) -> Arc<CacheEntry> {
    let meta = EntryMeta {
        status: 200,
        content_type: format!("image/{n}"),
        etag: Some(format!("\"{n}\"")),
        last_modified: Some(format!("date {n}")),
        stored_at: STORED,
        lifetimes: Lifetimes { fresh_for: FRESH, ..Lifetimes::default() },
        tags: vec![format!("tag-{n}")],
        generation: Generation::ZERO,
        headers: vec![("x-number".into(), n.to_string())],
        files: Vec::new(),
        refinement: Refinement::Unsuitable,
    };
    Arc::new(CacheEntry { meta, body: body(n, len) })
}

/// Bytes that differ for each number and do not repeat within a page.
pub fn body(n: u64, len: usize) -> Bytes {
    let seed = key(n);
    let mut bytes = Vec::with_capacity(len + Key::LEN);
    let mut block = 0_u64;
    while bytes.len() < len {
        bytes.extend_from_slice(Key::from_parts(&[seed.as_bytes(), &block.to_le_bytes()]).as_bytes());
        block += 1;
    }
    bytes.truncate(len);
    bytes.into()
}

pub fn disk(folder: &Path) -> DiskSettings {
    DiskSettings { folder: folder.to_owned(), max_bytes: 32 << 20, max_entry_bytes: 2 << 20 }
}

pub fn redis_settings() -> RedisSettings {
    RedisSettings {
        name: CacheName::Results,
        accepts_puts: true,
        max_entry_bytes: 2 << 20,
        max_waiting_bytes: 64 << 20,
        clock: || STORED,
    }
}

/// A small cache with a disk tier.
pub fn config(folder: &Path) -> Config {
    let text = "max_entry_bytes = '2MiB'\nmemory.max_bytes = '64MiB'\ndisk.max_bytes = '64MiB'";
    let mut config: Config = toml::from_str(text).unwrap();
    folder.clone_into(&mut config.disk.path);
    assert_eq!(config.problems(), []);
    config
}
