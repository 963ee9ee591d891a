//! The binary format: round trips, damage, and the pinned bytes.

use super::*;
use crate::ErrorKind;
use proptest::collection::vec;
use proptest::prelude::*;

prop_compose! {
    fn any_meta()(
        (status, stored_at) in any::<(u16, u64)>(),
        (fresh, revalidate, error) in any::<(u64, u64, u64)>(),
        (content_type, tags, generation) in (any::<String>(), vec(any::<String>(), 0..4), any::<[u8; 16]>()),
        (etag, last_modified) in any::<(Option<String>, Option<String>)>(),
        (headers, files) in (vec(any::<(String, String)>(), 0..4), vec(any::<(String, String)>(), 0..4)),
        refinement in 0..3_usize,
        (kept, own, browsers, revalidation) in (any::<u64>(), any::<u64>(), 0..3_u8, 0..4_usize),
    ) -> EntryMeta {
        let lifetimes = Lifetimes {
            fresh_for: Duration::from_millis(fresh),
            stale_while_revalidate: Duration::from_millis(revalidate),
            stale_if_error: Duration::from_millis(error),
            kept_for: Duration::from_millis(kept),
            browsers: match browsers {
                0 => BrowserLifetime::AsShared,
                1 => BrowserLifetime::Stated(Duration::from_millis(own)),
                _ => BrowserLifetime::Unstated,
            },
            revalidation: REVALIDATIONS[revalidation],
        };
        let generation = Generation::from_bytes(generation);
        EntryMeta {
            status,
            content_type,
            etag,
            last_modified,
            stored_at,
            lifetimes,
            tags,
            generation,
            headers,
            files,
            refinement: REFINEMENTS[refinement],
        }
    }
}

prop_compose! {
    fn any_entry()(meta in any_meta(), body in vec(any::<u8>(), 0..600)) -> CacheEntry {
        CacheEntry { meta, body: body.into() }
    }
}

/// Puts a prefix with correct lengths and checksums in front of any header, so that the header's parser is reached.
fn sealed(header: &[u8], body: &[u8]) -> Bytes {
    let mut covered = (header.len() as u32).to_le_bytes().to_vec();
    covered.extend((body.len() as u64).to_le_bytes());
    covered.extend(XxHash3_64::oneshot(body).to_le_bytes());
    covered.extend(key().as_bytes());
    covered.extend(header);
    let mut out = MAGIC.to_vec();
    out.extend(FORMAT.to_le_bytes());
    out.extend(XxHash3_64::oneshot(&covered).to_le_bytes());
    out.extend(covered);
    out.extend(body);
    out.into()
}

fn key() -> Key {
    Key::from_parts(&[b"key"])
}

fn rejected(bytes: impl Into<Bytes>) -> bool {
    CacheEntry::decode(bytes.into(), &key()).is_err_and(|error| error.kind() == ErrorKind::Damaged)
}

proptest! {
    #[test]
    fn round_trips(entry in any_entry()) {
        let bytes = entry.encode(&key());
        let mut streamed = Vec::new();
        encode_into(&entry, &key(), &mut streamed).unwrap();
        prop_assert_eq!(&bytes[..], &streamed[..]);
        prop_assert_eq!(CacheEntry::decode(bytes.clone(), &key()).unwrap(), entry.clone());
        prop_assert_eq!(decode_any(bytes).unwrap(), (key(), entry));
    }

    #[test]
    fn another_key_is_an_error(entry in any_entry(), other: [u8; Key::LEN], bit in 0..Key::LEN * 8) {
        let mut near = *key().as_bytes();
        near[bit / 8] ^= 1 << (bit % 8);
        for other in [other, near] {
            prop_assert!(rejected(entry.encode(&Key::from(other))));
        }
        // the key alone cannot be exchanged either
        let mut bytes = entry.encode(&Key::from(near)).to_vec();
        bytes[KEY..HEADER].copy_from_slice(key().as_bytes());
        prop_assert!(rejected(bytes));
    }

    #[test]
    fn every_truncation_and_every_addition_is_an_error(entry in any_entry()) {
        let bytes = entry.encode(&key());
        for len in 0..bytes.len() {
            prop_assert!(rejected(bytes.slice(..len)), "accepted {len} of {} bytes", bytes.len());
        }
        prop_assert!(rejected([&bytes[..], b"\0"].concat()));
    }

    #[test]
    fn every_flipped_bit_is_an_error(entry in any_entry(), at: prop::sample::Index, bit in 0..8_u8) {
        let mut bytes = entry.encode(&key()).to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(rejected(bytes));
    }

    #[test]
    fn any_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(rejected(bytes));
    }

    #[test]
    fn any_header_behind_a_correct_checksum_never_panics(header in vec(any::<u8>(), 0..200)) {
        let _ = CacheEntry::decode(sealed(&header, b"body"), &key());
    }
}

#[test]
fn a_header_count_beyond_the_bytes_is_an_error_and_allocates_nothing() {
    let mut header = Vec::new();
    put_meta(&mut header, &EntryMeta::default());
    let count_at = header.len() - 4;
    assert!(CacheEntry::decode(sealed(&header, b""), &key()).is_ok());
    header[count_at..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(rejected(sealed(&header, b"")));
}

#[test]
fn lengths_beyond_the_bytes_are_errors() {
    let mut header = Vec::new();
    put_meta(&mut header, &EntryMeta::default());
    let right = sealed(&header, b"body");
    assert!(!rejected(right.clone()));
    for (at, length) in [(14, 4), (18, 8)] {
        for value in [0, 1, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX - 65, u64::MAX] {
            let mut bytes = right.to_vec();
            bytes[at..at + length].copy_from_slice(&value.to_le_bytes()[..length]);
            let body_at = bytes.len() - 4;
            let sum = XxHash3_64::oneshot(&bytes[SUMMED..body_at]);
            bytes[6..SUMMED].copy_from_slice(&sum.to_le_bytes());
            assert!(rejected(bytes), "{value} at {at}");
        }
    }
    // lengths within the header, of the media type and of tags
    let lifetimes = 4 * 8 + 1 + 8 + 1;
    for at in [2 + 8 + lifetimes, 2 + 8 + lifetimes + 4 + 16] {
        let mut header = header.clone();
        header[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(rejected(sealed(&header, b"body")), "{at}");
    }
}

#[test]
fn the_body_is_a_slice_of_the_input() {
    let entry = CacheEntry { meta: EntryMeta::default(), body: Bytes::from_static(b"pixels") };
    let bytes = entry.encode(&key());
    let decoded = CacheEntry::decode(bytes.clone(), &key()).unwrap();
    assert_eq!(decoded.body.as_ptr(), bytes[bytes.len() - 6..].as_ptr());
}

#[test]
fn the_error_names_another_format() {
    let mut bytes = CacheEntry { meta: EntryMeta::default(), body: Bytes::new() }.encode(&key()).to_vec();
    bytes[4] = 9;
    let error = CacheEntry::decode(bytes.into(), &key()).unwrap_err();
    assert_eq!(error.to_string(), "cache entry has format 9, expected 5");
    assert_eq!(error.kind(), ErrorKind::Damaged);
}

#[test]
fn the_format_is_pinned() {
    // fails when the layout changes: raise FORMAT, then pin the new bytes here
    let lifetimes = Lifetimes { fresh_for: Duration::from_mins(1), ..Lifetimes::default() };
    let meta = EntryMeta {
        status: 200,
        content_type: "image/webp".into(),
        etag: Some("\"1\"".into()),
        stored_at: 7,
        lifetimes,
        tags: vec!["t".into()],
        headers: vec![("a".into(), "b".into())],
        ..EntryMeta::default()
    };
    let bytes = CacheEntry { meta, body: Bytes::from_static(b"pixels") }.encode(&key());
    assert_eq!(
        Key::from_parts(&[&bytes]).to_string(),
        "27c66a5e91710650bafa607060222ac118f25c385245e10cfa9c71ee6ca69b2d"
    );
}
