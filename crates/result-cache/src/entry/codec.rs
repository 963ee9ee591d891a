//! The binary format of an entry, for stores outside this process.
//!
//! ```text
//! magic 4 | format 2 | checksum 8 | header length 4 | body length 8 | body checksum 8 | key 32 | header | body
//! ```
//!
//! Integers are little-endian. The first checksum covers everything between itself and the body, so a length is trusted only
//! after it is verified; the second one covers the body. Both are XXH3, over 10 GB/s on common hardware: verifying a body
//! costs less than copying it. A flipped bit on a disk or in Redis is a miss, never a wrong picture. So is a complete entry
//! under another key than it was written for: a proxy, an operator or a restored backup may have moved it. The checksums
//! protect against accidents, not against forgery.

use std::io::{self, Write};
use std::time::Duration;

use bytes::{Buf, Bytes};
use twox_hash::XxHash3_64;

use super::{CacheEntry, EntryMeta};
use crate::{BrowserLifetime, Error, Generation, Key, Lifetimes, Revalidation};

const MAGIC: [u8; 4] = *b"PXEN";
/// Raised when the layout changes: entries of other formats are misses.
pub(crate) const FORMAT: u16 = 4;
/// By their numbers in the format.
const REVALIDATIONS: [Revalidation; 4] =
    [Revalidation::Optional, Revalidation::Shared, Revalidation::Required, Revalidation::Always];
/// Offset of the first byte that the first checksum covers.
const SUMMED: usize = 14;
/// Offset of the key.
const KEY: usize = SUMMED + 4 + 8 + 8;
/// Offset of the header.
const HEADER: usize = KEY + Key::LEN;

impl CacheEntry {
    /// Encodes the entry for this key as one block of bytes.
    pub fn encode(&self, key: &Key) -> Bytes {
        let mut out = head(self, key);
        out.reserve_exact(self.body.len());
        out.extend_from_slice(&self.body);
        out.into()
    }

    /// Decodes what [`encode`](Self::encode) wrote for this key and verifies both checksums. The body shares the allocation of
    /// `bytes`.
    ///
    /// # Errors
    ///
    /// An error of the kind [`Damaged`](crate::ErrorKind::Damaged) for anything else: another key, another format, one
    /// changed bit, one missing byte. Treat it as a miss.
    pub fn decode(bytes: Bytes, key: &Key) -> Result<Self, Error> {
        let (found, entry) = decode_any(bytes)?;
        if found == *key { Ok(entry) } else { Err(Error::Damaged("it was written for another key")) }
    }
}

/// Decodes an entry and the key that it was written for, for callers that do not know the key.
pub(crate) fn decode_any(bytes: Bytes) -> Result<(Key, CacheEntry), Error> {
    let body_at = verify(&bytes)?;
    let key = Key::from(Header(&bytes[KEY..HEADER]).array::<{ Key::LEN }>()?);
    let meta = Header(&bytes[HEADER..body_at]).meta()?;
    let mut body = bytes;
    body.advance(body_at);
    Ok((key, CacheEntry { meta, body }))
}

/// Writes the encoded entry without copying head and body into one block first.
pub(crate) fn encode_into(entry: &CacheEntry, key: &Key, writer: &mut impl Write) -> io::Result<()> {
    writer.write_all(&head(entry, key))?;
    writer.write_all(&entry.body)
}

/// Everything in front of the body.
fn head(entry: &CacheEntry, key: &Key) -> Vec<u8> {
    let body = &entry.body;
    let mut out = Vec::with_capacity(HEADER + entry.weight() - body.len());
    out.extend(MAGIC);
    out.extend(FORMAT.to_le_bytes());
    out.extend([0; KEY - 6]);
    out.extend(key.as_bytes());
    put_meta(&mut out, &entry.meta);
    let header_len = (out.len() - HEADER) as u32;
    out[14..18].copy_from_slice(&header_len.to_le_bytes());
    out[18..26].copy_from_slice(&(body.len() as u64).to_le_bytes());
    out[26..34].copy_from_slice(&XxHash3_64::oneshot(body).to_le_bytes());
    let sum = XxHash3_64::oneshot(&out[SUMMED..]);
    out[6..14].copy_from_slice(&sum.to_le_bytes());
    out
}

/// Verifies lengths and checksums, not yet the content of the header. Returns the offset of the body.
fn verify(bytes: &[u8]) -> Result<usize, Error> {
    let mut prefix = Header(bytes);
    if prefix.take(4)? != MAGIC {
        return Err(Error::Damaged("it does not begin like an entry"));
    }
    let found = u16::from_le_bytes(prefix.array()?);
    if found != FORMAT {
        return Err(Error::Format { found, expected: FORMAT });
    }
    let head_sum = prefix.u64()?;
    let header_len = prefix.u32()? as usize;
    let body_len = prefix.u64()?;
    let body_sum = prefix.u64()?;
    prefix.take(Key::LEN)?;
    // the header lies within the bytes, so no offset below is beyond them
    prefix.take(header_len)?;
    let body = prefix.0;
    let body_at = HEADER + header_len;
    if XxHash3_64::oneshot(&bytes[SUMMED..body_at]) != head_sum {
        return Err(Error::Damaged("header checksum differs"));
    }
    if body.len() as u64 != body_len {
        return Err(Error::Damaged("body length differs"));
    }
    if XxHash3_64::oneshot(body) != body_sum {
        return Err(Error::Damaged("body checksum differs"));
    }
    Ok(body_at)
}

fn put_meta(out: &mut Vec<u8>, meta: &EntryMeta) {
    out.extend(meta.status.to_le_bytes());
    out.extend(meta.stored_at.to_le_bytes());
    put_lifetimes(out, &meta.lifetimes);
    put_text(out, &meta.content_type);
    out.extend(meta.generation.to_bytes());
    out.extend((meta.tags.len() as u32).to_le_bytes());
    for tag in &meta.tags {
        put_text(out, tag);
    }
    put_option(out, meta.etag.as_deref());
    put_option(out, meta.last_modified.as_deref());
    put_pairs(out, &meta.headers);
    put_pairs(out, &meta.files);
}

fn put_lifetimes(out: &mut Vec<u8>, lifetimes: &Lifetimes) {
    let Lifetimes { fresh_for, stale_while_revalidate, stale_if_error, kept_for, browsers, revalidation } =
        *lifetimes;
    for time in [fresh_for, stale_while_revalidate, stale_if_error, kept_for] {
        put_duration(out, time);
    }
    let (tag, own) = match browsers {
        BrowserLifetime::AsShared => (0, Duration::ZERO),
        BrowserLifetime::Stated(own) => (1, own),
        BrowserLifetime::Unstated => (2, Duration::ZERO),
    };
    out.push(tag);
    put_duration(out, own);
    out.push(REVALIDATIONS.iter().position(|known| *known == revalidation).unwrap_or_default() as u8);
}

fn put_pairs(out: &mut Vec<u8>, pairs: &[(String, String)]) {
    out.extend((pairs.len() as u32).to_le_bytes());
    for (name, value) in pairs {
        put_text(out, name);
        put_text(out, value);
    }
}

fn put_duration(out: &mut Vec<u8>, duration: Duration) {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    out.extend(millis.to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

fn put_option(out: &mut Vec<u8>, text: Option<&str>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_text(out, text);
    }
}

/// The unread rest of a header.
struct Header<'a>(&'a [u8]);

impl<'a> Header<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Error::Damaged("it is truncated"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Error::Damaged("it is truncated"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_le_bytes)
    }

    fn duration(&mut self) -> Result<Duration, Error> {
        self.u64().map(Duration::from_millis)
    }

    fn text(&mut self) -> Result<String, Error> {
        let len = self.u32()? as usize;
        let text = str::from_utf8(self.take(len)?).map_err(|_| Error::Damaged("a text is not UTF-8"))?;
        Ok(text.to_owned())
    }

    fn option(&mut self) -> Result<Option<String>, Error> {
        match self.array()? {
            [0] => Ok(None),
            [1] => self.text().map(Some),
            _ => Err(Error::Damaged("a text is neither present nor absent")),
        }
    }

    fn pairs(&mut self) -> Result<Vec<(String, String)>, Error> {
        (0..self.u32()?).map(|_| Ok((self.text()?, self.text()?))).collect()
    }

    fn lifetimes(&mut self) -> Result<Lifetimes, Error> {
        Ok(Lifetimes {
            fresh_for: self.duration()?,
            stale_while_revalidate: self.duration()?,
            stale_if_error: self.duration()?,
            kept_for: self.duration()?,
            browsers: match (self.array()?, self.duration()?) {
                ([0], _) => BrowserLifetime::AsShared,
                ([1], own) => BrowserLifetime::Stated(own),
                ([2], _) => BrowserLifetime::Unstated,
                _ => return Err(Error::Damaged("unknown browser lifetime")),
            },
            revalidation: {
                let [index] = self.array()?;
                let known = REVALIDATIONS.get(usize::from(index)).copied();
                known.ok_or(Error::Damaged("unknown revalidation rule"))?
            },
        })
    }

    fn meta(mut self) -> Result<EntryMeta, Error> {
        let meta = EntryMeta {
            status: u16::from_le_bytes(self.array()?),
            stored_at: self.u64()?,
            lifetimes: self.lifetimes()?,
            content_type: self.text()?,
            generation: Generation::from_bytes(self.array()?),
            tags: (0..self.u32()?).map(|_| self.text()).collect::<Result<_, Error>>()?,
            etag: self.option()?,
            last_modified: self.option()?,
            headers: self.pairs()?,
            files: self.pairs()?,
        };
        if self.0.is_empty() { Ok(meta) } else { Err(Error::Damaged("header is too long")) }
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(error.to_string(), "cache entry has format 9, expected 4");
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
            "98daab9d3d5cd3dd64b24791fade8c34137a2ad24d03a5667118edfeea4b4bb2"
        );
    }
}
