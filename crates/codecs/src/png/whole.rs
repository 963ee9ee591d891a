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
    decoder::{Rows, Shape},
    error::{Error, Result},
};

thread_local! {
    static DECOMPRESSOR: RefCell<Decompressor> = RefCell::new(Decompressor::new());
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
        let broken = |detail: &str| Error::broken(NAME, detail);
        let compressed: usize = parts.iter().map(|part| part.len()).sum();
        let first = parts.iter().find_map(|part| part.first()).copied().unwrap_or_default();
        // incompressible rows grow by less than this; a longer stream would only cost memory
        if compressed > length + length / 8 + 1024 {
            return Err(broken("more compressed than plain bytes"));
        }
        if !has_full_window(first, length) {
            return Err(broken("a small window"));
        }
        // parts are joined behind the rows, in the buffer that is there already
        let joined = if parts.len() > 1 { compressed } else { 0 };
        let mut rows = Buffer::with_length(length + joined);
        let (plain, behind) = rows.split_at_mut(length);
        let stream = match parts {
            [one] => one,
            parts => {
                let mut at = 0;
                for part in parts {
                    behind[at..at + part.len()].copy_from_slice(part);
                    at += part.len();
                }
                &*behind
            }
        };
        let found = DECOMPRESSOR.with_borrow_mut(|inflate| inflate.zlib_decompress(stream, plain));
        match found {
            Ok(found) if found == length => {}
            Ok(_) => return Err(broken("too few pixels")),
            Err(error) => return Err(Error::broken(NAME, error.to_string())),
        }
        let row = shape.row_bytes();
        if rows[..length].chunks_exact(row + 1).any(|row| row[0] > PAETH) {
            return Err(broken("an unknown filter"));
        }
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
