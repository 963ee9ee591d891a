//! The binary format of an entry, for stores outside this process.
//!
//! ```text
//! magic 4 | format 2 | checksum 8 | header length 4 | body length 8 | body checksum 8 | key 32 | header | body
//! ```
//!
//! Integers are little-endian. The first checksum covers everything between itself and the body, so a length is trusted
//! only after it is verified; the second one covers the body. Both are XXH3, over 10 GB/s on common hardware: verifying
//! a body costs less than copying it. A flipped bit on a disk or in Redis is a miss, never a wrong image. So is a
//! complete entry under another key than it was written for: a proxy, an operator or a restored backup may have moved
//! it. The checksums protect against accidents, not against forgery.

use std::io::{self, Write};
use std::time::Duration;

use bytes::{Buf, Bytes};
use twox_hash::XxHash3_64;

use super::{CacheEntry, EntryMeta, Refinement};
use crate::{BrowserLifetime, Error, Generation, Key, Lifetimes, Revalidation};

const MAGIC: [u8; 4] = *b"PXEN";
/// Raised when the layout changes: entries of other formats are misses.
pub(crate) const FORMAT: u16 = 5;
/// By their numbers in the format.
const REVALIDATIONS: [Revalidation; 4] =
    [Revalidation::Optional, Revalidation::Shared, Revalidation::Required, Revalidation::Always];
/// By their numbers in the format.
const REFINEMENTS: [Refinement; 3] = [Refinement::Unsuitable, Refinement::Pending, Refinement::Done];
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

    /// Decodes what [`encode`](Self::encode) wrote for this key and verifies both checksums. The body shares the
    /// allocation of `bytes`.
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
    out.push(REFINEMENTS.iter().position(|known| *known == meta.refinement).unwrap_or_default() as u8);
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
            refinement: {
                let [index] = self.array()?;
                let known = REFINEMENTS.get(usize::from(index)).copied();
                known.ok_or(Error::Damaged("unknown state of refinement"))?
            },
        };
        if self.0.is_empty() { Ok(meta) } else { Err(Error::Damaged("header is too long")) }
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
