//! Decodes content codings (RFC 9110, section 8.4), within the limit for originals.
//!
//! No coding is requested, but some servers store bodies only in compressed form: SVG and BMP files. And some state codings
//! that the body does not have: `aws-chunked`, which described an upload, stays on objects, and `gzip` stays when a proxy
//! has decoded it. A body that cannot be decoded is left as it is, with a warning.

use std::{
    cell::Cell,
    io::{self, BufRead, BufReader, Read},
    rc::Rc,
};

use brotli_decompressor::Decompressor;
use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use tokio::task::yield_now;

use super::body::BodyError;

/// How much is decoded at a time, in bytes: well under a millisecond of work, after which the task yields.
const CHUNK_BYTES: usize = 64 * 1024;

/// The most codings that are decoded in sequence. More than one is a mistake of a proxy, and each multiplies the work.
const MOST_CODINGS: usize = 3;

/// The largest window of `zstd` in HTTP, in bytes (RFC 9659).
const ZSTD_WINDOW: u64 = 8 << 20;

/// How a gzip member begins (RFC 1952), and a frame of Zstandard that holds data (RFC 8878).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A body without its content codings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) body: Bytes,
    /// Why it may not be what the origin meant.
    pub(crate) coding_warning: Option<String>,
}

/// A coding that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// By its name in a header, in lower case.
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// A decoder of it.
    fn decoder<'a>(self, mut coded: Box<dyn BufRead + 'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::Gzip => Box::new(Gzip(Some(GzDecoder::new(coded)))),
            Self::Deflate if is_zlib(coded.fill_buf()?) => Box::new(ZlibDecoder::new(coded)),
            Self::Deflate => Box::new(DeflateDecoder::new(coded)),
            Self::Brotli => Box::new(Decompressor::new(coded, CHUNK_BYTES)),
            Self::Zstd => Box::new(Zstd(Some(zstd(coded)?))),
        })
    }
}

/// Decodes a body; `codings` is the value of `Content-Encoding`, in the order in which they were applied.
///
/// Neither the result nor anything between two codings may be larger than `limit` bytes, and no more than that is ever
/// decoded.
pub(crate) async fn decode(body: Bytes, codings: Option<&str>, limit: u64) -> Result<Decoded, BodyError> {
    let Some(stated) = codings.filter(|_| !body.is_empty()) else {
        return Ok(Decoded { body, coding_warning: None });
    };
    let (known, unknown) = parse_codings(stated);
    if known.len() > MOST_CODINGS {
        let reason = format!("too many content codings {stated:?}, expected at most {MOST_CODINGS}");
        return Err(BodyError::Broken(reason));
    }
    let coding_warning = unknown.then(|| format!("unknown content coding {stated:?}"));
    if known.is_empty() {
        return Ok(Decoded { body, coding_warning });
    }
    match undo(&body, &known, limit).await {
        Ok(decoded) => Ok(Decoded { body: decoded.into(), coding_warning }),
        Err(DecodeError::TooLarge) => Err(BodyError::TooLarge),
        Err(DecodeError::Wrong(error)) => {
            let coding_warning =
                Some(format!("the body does not have the stated content coding {stated:?}: {error}"));
            Ok(Decoded { body, coding_warning })
        }
    }
}

/// The known codings, and whether there are unknown ones.
fn parse_codings(stated: &str) -> (Vec<Coding>, bool) {
    let names = stated.split(',').map(|name| name.trim().to_ascii_lowercase());
    let mut unknown = false;
    let mut known = Vec::new();
    for name in names.filter(|name| !name.is_empty() && name != "identity") {
        match Coding::from_name(&name) {
            Some(coding) => known.push(coding),
            None => unknown = true,
        }
    }
    (known, unknown)
}

/// Why a body could not be decoded.
enum DecodeError {
    TooLarge,
    Wrong(io::Error),
}

async fn undo(body: &[u8], codings: &[Coding], limit: u64) -> Result<Vec<u8>, DecodeError> {
    let exceeded = Rc::new(Cell::new(false));
    let failed = |error| if exceeded.get() { DecodeError::TooLarge } else { DecodeError::Wrong(error) };
    let mut reader: Box<dyn BufRead + '_> = Box::new(body);
    for coding in codings.iter().rev() {
        let decoder = coding.decoder(reader).map_err(failed)?;
        let limited = Limited { decoder, left: limit, exceeded: Rc::clone(&exceeded) };
        reader = Box::new(BufReader::with_capacity(CHUNK_BYTES, limited));
    }
    let mut decoded = Vec::new();
    loop {
        let piece = reader.fill_buf().map_err(failed)?;
        if piece.is_empty() {
            decoded.shrink_to_fit();
            return Ok(decoded);
        }
        decoded.extend_from_slice(piece);
        let length = piece.len();
        reader.consume(length);
        yield_now().await;
    }
}

/// Whether deflated data has the zlib wrapper, which the standard requires and some servers omit (RFC 9110, section
/// 8.4.1.2). Data without it never begins like this: its first block would be a stored one with non-zero padding.
fn is_zlib(begin: &[u8]) -> bool {
    match begin {
        [method, flags, ..] => method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0,
        _ => false,
    }
}

/// Fails when more than `left` bytes are decoded, and records that this was the reason.
struct Limited<'a> {
    decoder: Box<dyn Read + 'a>,
    left: u64,
    exceeded: Rc<Cell<bool>>,
}

impl Read for Limited<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.decoder.read(into)?;
        self.left = self.left.checked_sub(length as u64).ok_or_else(|| {
            self.exceeded.set(true);
            io::Error::other("more than the limit for originals")
        })?;
        Ok(length)
    }
}

/// Decodes consecutive gzip members. What follows the last one is ignored as padding, as other programs do.
struct Gzip<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            match member.read(into)? {
                0 => self.next()?,
                length => return Ok(length),
            }
        }
        Ok(0)
    }
}

impl<R: BufRead> Gzip<R> {
    fn next(&mut self) -> io::Result<()> {
        let Some(mut rest) = self.0.take().map(GzDecoder::into_inner) else { return Ok(()) };
        if rest.fill_buf()?.starts_with(&GZIP_MAGIC) {
            self.0 = Some(GzDecoder::new(rest));
        }
        Ok(())
    }
}

type Frame<R> = StreamingDecoder<R, FrameDecoder>;

/// Decodes consecutive Zstandard frames.
struct Zstd<R: Read>(Option<Frame<R>>);

fn zstd<R: Read>(coded: R) -> io::Result<Frame<R>> {
    StreamingDecoder::new_with_max_window_size(coded, ZSTD_WINDOW).map_err(io::Error::other)
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.0 {
            match frame.read(into)? {
                0 => self.next()?,
                length => return Ok(length),
            }
        }
        Ok(0)
    }
}

impl<R: BufRead> Zstd<R> {
    fn next(&mut self) -> io::Result<()> {
        let Some(mut rest) = self.0.take().map(StreamingDecoder::into_inner) else { return Ok(()) };
        if rest.fill_buf()?.starts_with(&ZSTD_MAGIC) {
            self.0 = Some(zstd(rest)?);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "content_coding_tests.rs"]
mod tests;
