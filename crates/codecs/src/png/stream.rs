//! An image that is inflated row by row, in flat memory. In contrast to the readers of the crate of that name, it demands the checksum at
//! the end of the stream.

use std::ops::Range;

use bytes::{Buf, Bytes};
use fdeflate::Decompressor;

use super::{
    chunks::{NAME, has_full_window},
    two_rows::unfilter_two_paeth,
    unfilter::{PAETH, unfilter},
};
use crate::{
    decoder::{Rows, Shape},
    error::{Error, Result},
};

/// What a compressor may refer to (RFC 1950, 2.2).
const HISTORY: usize = 32 << 10;

/// Bytes that are inflated at once, at least.
const PIECE: usize = 64 << 10;

/// Bytes behind the last row that are inflated in search of the end of the stream; what has more is left as it is.
const MOST_BEHIND: usize = 64 << 10;

/// Rows that are unfiltered together.
const PAIR: usize = 2;

pub struct Reader {
    stream: Stream,
    /// Bytes of a row without its filter, and of a pixel.
    row: usize,
    pixel: usize,
    /// The row before `pair`, empty before the first one.
    above: Vec<u8>,
    /// One or two rows, each after the number of its filter, without it.
    pair: Vec<u8>,
    /// The part of `pair` that has not been read.
    ready: Range<usize>,
    /// Rows that have not been inflated.
    left: u32,
}

impl Reader {
    pub fn open(file: &Bytes, shape: Shape, parts: &[&[u8]]) -> Result<Self> {
        let first = parts.iter().find_map(|part| part.first()).copied().unwrap_or_default();
        if !has_full_window(first, usize::MAX) {
            return Err(Error::broken(NAME, "a small window"));
        }
        let row = shape.row_bytes();
        let parts = parts.iter().map(|part| file.slice_ref(part)).collect();
        Ok(Self {
            stream: Stream::new(parts, PIECE.max(PAIR * (row + 1))),
            row,
            pixel: shape.bands as usize,
            above: Vec::new(),
            pair: vec![0; PAIR * (row + 1)],
            ready: 0..0,
            left: shape.height,
        })
    }

    /// Inflates and unfilters the next row, and the one after it.
    fn advance(&mut self) -> Result<()> {
        let stored = self.row + 1;
        let count = PAIR.min(self.left as usize);
        if count == 0 {
            return Err(Error::broken(NAME, "no more rows"));
        }
        if self.ready.end > 0 {
            self.above.clear();
            self.above.extend_from_slice(&self.pair[self.ready.end - self.row..self.ready.end]);
        }
        let pair = &mut self.pair[..count * stored];
        self.stream.read(pair)?;
        self.left -= count as u32;
        if self.left == 0 {
            self.stream.finish()?;
        }
        if pair.chunks_exact(stored).any(|row| row[0] > PAETH) {
            return Err(Error::broken(NAME, "an unknown filter"));
        }
        let (first, second) = pair.split_at_mut(stored);
        let is_paeth = |row: &[u8]| row.first() == Some(&PAETH);
        if is_paeth(first) && is_paeth(second) && !self.above.is_empty() {
            unfilter_two_paeth(self.pixel, &self.above, &mut first[1..], &mut second[1..]);
        } else {
            unfilter(first[0], self.pixel, &self.above, &mut first[1..]);
            if let Some((filter, second)) = second.split_first_mut() {
                unfilter(*filter, self.pixel, &first[1..], second);
            }
        }
        self.ready = 0..count * stored;
        Ok(())
    }
}

impl Rows for Reader {
    fn read(&mut self, rows: &mut [u8]) -> Result<()> {
        for out in rows.chunks_exact_mut(self.row) {
            if self.ready.is_empty() {
                self.advance()?;
            }
            out.copy_from_slice(&self.pair[self.ready.start + 1..][..self.row]);
            self.ready.start += self.row + 1;
        }
        Ok(())
    }
}

/// A compressed stream in parts.
struct Stream {
    parts: Vec<Bytes>,
    /// The first part that is not consumed completely.
    part: usize,
    inflate: Decompressor,
    /// What was inflated: the last bytes that were read, and those that are to be read.
    window: Vec<u8>,
    /// The bytes of `window` that are to be read.
    ready: Range<usize>,
}

impl Stream {
    fn new(parts: Vec<Bytes>, piece: usize) -> Self {
        let window = vec![0; HISTORY + piece];
        Self { parts, part: 0, inflate: Decompressor::new(), window, ready: 0..0 }
    }

    /// Fills `out`.
    fn read(&mut self, mut out: &mut [u8]) -> Result<()> {
        while !out.is_empty() {
            if self.ready.is_empty() {
                self.inflate()?;
                if self.ready.is_empty() {
                    return Err(Error::broken(NAME, "too few pixels"));
                }
            }
            let count = out.len().min(self.ready.len());
            let (now, later) = out.split_at_mut(count);
            now.copy_from_slice(&self.window[self.ready.start..][..count]);
            self.ready.start += count;
            out = later;
        }
        Ok(())
    }

    /// Reads to the end of the stream, which has a checksum: libpng gives no last row if that is missing or wrong.
    fn finish(&mut self) -> Result<()> {
        let mut behind = 0;
        while !self.inflate.is_done() && behind < MOST_BEHIND {
            self.ready.start = self.ready.end;
            self.inflate()?;
            behind += self.ready.len();
        }
        Ok(())
    }

    /// Inflates more, if there is more; all before was read.
    fn inflate(&mut self) -> Result<()> {
        if self.ready.end == self.window.len() {
            self.window.copy_within(self.ready.end - HISTORY.., 0);
            self.ready = HISTORY..HISTORY;
        }
        while self.ready.is_empty() && !self.inflate.is_done() {
            let is_last = self.part + 1 >= self.parts.len();
            let input = self.parts.get(self.part).map(|part| &part[..]).unwrap_or_default();
            let made = self.inflate.read(input, &mut self.window, self.ready.end, is_last);
            let (consumed, produced) = made.map_err(|error| Error::broken(NAME, format!("{error:?}")))?;
            self.ready.end += produced;
            if consumed == input.len() && !is_last {
                self.part += 1;
            } else if let Some(part) = self.parts.get_mut(self.part) {
                part.advance(consumed);
            }
        }
        Ok(())
    }
}
