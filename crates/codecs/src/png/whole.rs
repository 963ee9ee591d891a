//! An image that is inflated at once.

use std::cell::RefCell;

use libdeflater::Decompressor;

use super::{
    chunks::{self, NAME, has_full_window},
    layout::Layout,
    two_rows::unfilter_two_paeth,
    unfilter::{PAETH, unfilter},
};
use crate::{
    buffer::Buffer,
    decoder::{Rows, Target},
    error::{Error, Result},
};

thread_local! {
    static DECOMPRESSOR: RefCell<Decompressor> = RefCell::new(Decompressor::new());
}

/// Inflates a stream to rows, each after the number of its filter.
fn inflate(row: usize, stream: &[u8], rows: &mut [u8]) -> Result<()> {
    // incompressible rows grow by less than this; a longer stream would only cost memory
    if stream.len() > rows.len() + rows.len() / 8 + 1024 {
        return Err(Error::broken(NAME, "more compressed than plain bytes"));
    }
    if !has_full_window(stream.first().copied().unwrap_or_default(), rows.len()) {
        return Err(Error::broken(NAME, "a small window"));
    }
    match DECOMPRESSOR.with_borrow_mut(|inflate| inflate.zlib_decompress(stream, rows)) {
        Ok(found) if found == rows.len() => {}
        Ok(_) => return Err(Error::broken(NAME, "too few pixels")),
        Err(error) => return Err(Error::broken(NAME, error.to_string())),
    }
    if rows.chunks_exact(row + 1).any(|row| row[0] > PAETH) {
        return Err(Error::broken(NAME, "an unknown filter"));
    }
    Ok(())
}

/// Unfilters a row in place, and the one after it where two are faster together. Rows are `row` bytes, each after the number of
/// its filter. Returns how many are unfiltered.
fn unfilter_next(rows: &mut [u8], index: usize, row: usize, pixel: usize) -> usize {
    let (before, rest) = rows.split_at_mut(index * (row + 1));
    let above = &before[before.len().saturating_sub(row)..];
    let (first, rest) = rest.split_at_mut(row + 1);
    match rest.get_mut(..=row) {
        Some(second) if first[0] == PAETH && second[0] == PAETH && !above.is_empty() => {
            unfilter_two_paeth(pixel, above, &mut first[1..], &mut second[1..]);
            2
        }
        _ => {
            unfilter(first[0], pixel, above, &mut first[1..]);
            1
        }
    }
}

/// Rows that are unfiltered before the columns of the target are looked at.
const ROWS_AT_A_TIME: usize = 8;

/// Inflates and unfilters all rows of a file. Those that are stored as they are decoded are unfiltered where they are inflated to,
/// since the target has room for their filters.
pub fn read_all(file: &[u8], layout: &Layout, mut target: Target<'_>) -> Result<()> {
    if !layout.is_direct() {
        return read_converted(file, layout, target);
    }
    let (row, pixel, height) = (layout.row(), layout.pixel(), layout.shape.height as usize);
    let (rows, memory) = target.parts();
    inflate(row, chunks::pixels(file, memory)?, rows)?;
    let (mut index, mut told) = (0, 0);
    while index < height {
        index += unfilter_next(target.parts().0, index, row, pixel);
        // the last one is still needed for the next
        if index > told + ROWS_AT_A_TIME {
            told = index - 1;
            target.ready(told);
        }
    }
    target.ready(height);
    Ok(())
}

/// The same for rows that grow: they are inflated to the end of the target, and each is then converted to its place. It never
/// reaches the next one: what is left is closer together than the places.
fn read_converted(file: &[u8], layout: &Layout, mut target: Target<'_>) -> Result<()> {
    let (row, pixel, height) = (layout.row(), layout.pixel(), layout.shape.height as usize);
    let stride = target.stride();
    let (rows, memory) = target.parts();
    let tail = rows.len() - layout.length();
    let stored = &mut rows[tail..];
    inflate(row, chunks::pixels(file, memory)?, stored)?;
    let mut index = 0;
    while index < height {
        index += unfilter_next(stored, index, row, pixel);
    }
    let mut one = vec![0; row];
    for index in 0..height {
        let rows = target.parts().0;
        one.copy_from_slice(&rows[tail + index * (row + 1) + 1..][..row]);
        layout.convert(&one, &mut rows[index * stride + 1..(index + 1) * stride]);
        if (index + 1) % ROWS_AT_A_TIME == 0 {
            target.ready(index + 1);
        }
    }
    target.ready(height);
    Ok(())
}

pub struct Reader {
    layout: Layout,
    /// Stored rows, each after the number of its filter.
    rows: Buffer,
    /// The number of rows that are unfiltered.
    ready: usize,
    /// The number of rows that have been read.
    next: usize,
}

impl Reader {
    /// Inflates the rows of a file.
    pub fn open(file: &[u8], layout: Layout) -> Result<Self> {
        // chunks are joined behind the rows, in the buffer that is there already
        let mut rows = Buffer::with_length(layout.length() + file.len());
        let (plain, behind) = rows.split_at_mut(layout.length());
        inflate(layout.row(), chunks::pixels(file, behind)?, plain)?;
        Ok(Self { layout, rows, ready: 0, next: 0 })
    }
}

impl Rows for Reader {
    fn read(&mut self, rows: &mut [u8]) -> Result<()> {
        let (row, pixel) = (self.layout.row(), self.layout.pixel());
        let stored = &mut self.rows[..self.layout.length()];
        for out in rows.chunks_exact_mut(self.layout.shape.row_bytes()) {
            if self.next == self.layout.shape.height as usize {
                return Err(Error::broken(NAME, "no more rows"));
            }
            if self.next == self.ready {
                self.ready += unfilter_next(stored, self.next, row, pixel);
            }
            let start = self.next * (row + 1) + 1;
            self.layout.convert(&stored[start..start + row], out);
            self.next += 1;
        }
        Ok(())
    }
}
