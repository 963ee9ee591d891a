//! An image that is inflated at once.

use std::cell::RefCell;

use libdeflater::Decompressor;

use super::{
    chunks::{NAME, has_full_window},
    two_rows::unfilter_two_paeth,
    unfilter::{PAETH, unfilter},
};
use crate::{
    buffer::Buffer,
    decoder::{Rows, Shape, Target},
    error::{Error, Result},
};

thread_local! {
    static DECOMPRESSOR: RefCell<Decompressor> = RefCell::new(Decompressor::new());
}

/// Whether a stream of these parts may have `length` bytes of rows.
fn check(length: usize, parts: &[&[u8]]) -> Result<()> {
    let compressed: usize = parts.iter().map(|part| part.len()).sum();
    let first = parts.iter().find_map(|part| part.first()).copied().unwrap_or_default();
    // incompressible rows grow by less than this; a longer stream would only cost memory
    if compressed > length + length / 8 + 1024 {
        return Err(Error::broken(NAME, "more compressed than plain bytes"));
    }
    if has_full_window(first, length) { Ok(()) } else { Err(Error::broken(NAME, "a small window")) }
}

/// Inflates parts of a stream to rows, each after the number of its filter. If there are several, they are joined in
/// `scratch`.
fn inflate(shape: Shape, parts: &[&[u8]], rows: &mut [u8], scratch: &mut [u8]) -> Result<()> {
    let stream = match parts {
        [one] => one,
        parts => {
            let mut at = 0;
            for part in parts {
                scratch[at..at + part.len()].copy_from_slice(part);
                at += part.len();
            }
            &scratch[..at]
        }
    };
    match DECOMPRESSOR.with_borrow_mut(|inflate| inflate.zlib_decompress(stream, rows)) {
        Ok(found) if found == rows.len() => {}
        Ok(_) => return Err(Error::broken(NAME, "too few pixels")),
        Err(error) => return Err(Error::broken(NAME, error.to_string())),
    }
    if rows.chunks_exact(shape.row_bytes() + 1).any(|row| row[0] > PAETH) {
        return Err(Error::broken(NAME, "an unknown filter"));
    }
    Ok(())
}

/// Inflates `length` bytes of rows from parts of a stream, and unfilters them to their places.
///
/// They are inflated to the end of the target. Each is then moved forward to its place, and never reaches the next one: what
/// is left is closer together than the places.
pub fn read_all(shape: Shape, length: usize, parts: &[&[u8]], target: Target<'_>) -> Result<()> {
    check(length, parts)?;
    let Target { pixels, row, stride, height, scratch } = target;
    let tail = pixels.len() - length;
    inflate(shape, parts, &mut pixels[tail..], scratch)?;
    let pixel = shape.bands as usize;
    // moves a row to its place, and returns its filter
    let moved = |pixels: &mut [u8], index: usize| {
        let from = tail + index * (row + 1);
        let filter = pixels[from];
        pixels.copy_within(from + 1..from + 1 + row, index * stride);
        filter
    };
    let mut index = 0;
    while index < height {
        let filter = moved(pixels, index);
        let is_pair = filter == PAETH && index > 0 && index + 1 < height;
        let is_pair = is_pair && pixels[tail + (index + 1) * (row + 1)] == PAETH;
        if is_pair {
            moved(pixels, index + 1);
        }
        let (before, rest) = pixels.split_at_mut(index * stride);
        let above = index.checked_sub(1).map_or(&[][..], |above| &before[above * stride..][..row]);
        if is_pair {
            let (first, second) = rest.split_at_mut(stride);
            unfilter_two_paeth(pixel, above, &mut first[..row], &mut second[..row]);
            index += 2;
        } else {
            unfilter(filter, pixel, above, &mut rest[..row]);
            index += 1;
        }
    }
    Ok(())
}

pub struct Reader {
    /// Bytes of a row without its filter.
    row: usize,
    /// Bytes of a pixel.
    pixel: usize,
    /// Rows, each after the number of its filter.
    rows: Buffer,
    /// The length of all rows.
    length: usize,
    /// The offset before which rows are unfiltered.
    ready: usize,
    /// The offset of the next row that is read.
    next: usize,
}

impl Reader {
    /// Inflates `length` bytes of rows from parts of a stream.
    pub fn open(shape: Shape, length: usize, parts: &[&[u8]]) -> Result<Self> {
        check(length, parts)?;
        // parts are joined behind the rows, in the buffer that is there already
        let joined = if parts.len() > 1 { parts.iter().map(|part| part.len()).sum() } else { 0 };
        let mut rows = Buffer::with_length(length + joined);
        let (plain, behind) = rows.split_at_mut(length);
        inflate(shape, parts, plain, behind)?;
        let row = shape.row_bytes();
        Ok(Self { row, pixel: shape.bands as usize, rows, length, ready: 0, next: 0 })
    }

    /// Unfilters the next row, and the one after it where two are faster together.
    fn advance(&mut self) -> Result<()> {
        let stored = self.row + 1;
        let (before, rest) = self.rows[..self.length].split_at_mut(self.ready);
        let above = &before[self.ready.saturating_sub(self.row)..];
        let Some((first, rest)) = rest.split_at_mut_checked(stored) else {
            return Err(Error::broken(NAME, "no more rows"));
        };
        match rest.get_mut(..stored) {
            Some(second) if first[0] == PAETH && second[0] == PAETH && !above.is_empty() => {
                unfilter_two_paeth(self.pixel, above, &mut first[1..], &mut second[1..]);
                self.ready += 2 * stored;
            }
            _ => {
                unfilter(first[0], self.pixel, above, &mut first[1..]);
                self.ready += stored;
            }
        }
        Ok(())
    }
}

impl Rows for Reader {
    fn read(&mut self, rows: &mut [u8]) -> Result<()> {
        for out in rows.chunks_exact_mut(self.row) {
            if self.next == self.ready {
                self.advance()?;
            }
            let end = self.next + self.row + 1;
            out.copy_from_slice(&self.rows[self.next + 1..end]);
            self.next = end;
        }
        Ok(())
    }
}
