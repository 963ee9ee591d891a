//! The codec of cache entries: an entry is decoded as it was encoded, and any change of a byte is detected.

#![no_main]

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use result_cache::{CacheEntry, EntryMeta, Key};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    status: u16,
    content_type: String,
    etag: Option<String>,
    last_modified: Option<String>,
    stored_at: u64,
    tags: Vec<String>,
    headers: Vec<(String, String)>,
    files: Vec<(String, String)>,
    body: &'a [u8],
    changed: (u16, u8),
    raw: &'a [u8],
}

fuzz_target!(|input: Input| {
    let key = Key::from_parts(&[b"fuzz"]);
    assert!(CacheEntry::decode(Bytes::copy_from_slice(input.raw), &key).is_err(), "nobody guesses a checksum");
    let entry = CacheEntry {
        meta: EntryMeta {
            status: input.status,
            content_type: input.content_type,
            etag: input.etag,
            last_modified: input.last_modified,
            stored_at: input.stored_at,
            tags: input.tags,
            headers: input.headers,
            files: input.files,
            ..EntryMeta::default()
        },
        body: Bytes::copy_from_slice(input.body),
    };
    let encoded = entry.encode(&key);
    assert!(CacheEntry::decode(encoded.clone(), &key).expect("a valid entry") == entry);
    let (at, bits) = input.changed;
    let mut changed = encoded.to_vec();
    let at = usize::from(at) % changed.len();
    changed[at] ^= bits.max(1);
    assert!(CacheEntry::decode(changed.into(), &key).is_err(), "byte {at} changed");
});
