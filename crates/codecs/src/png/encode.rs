//! The encoder: rows are filtered as they come, and compressed at once at the end.

use std::cell::RefCell;

use libdeflater::{CompressionLvl, Compressor};

use super::{
    NAME,
    chunks::{SIGNATURE, append},
    filter::Filter,
};
use crate::{
    buffer::Buffer,
    decoder::Shape,
    error::{Error, Result},
};

thread_local! {
    /// The compressor of the last picture, with its level: its tables are large.
    static COMPRESSOR: RefCell<Option<(i32, Compressor)>> = const { RefCell::new(None) };
}

/// An encoder of 8-bit pictures: grey, grey and alpha, RGB, RGBA.
pub struct Encoder {
    shape: Shape,
    filter: Filter,
    /// Filtered rows, with room for the compressed ones behind them.
    buffer: Buffer,
    /// Bytes of all filtered rows.
    length: usize,
    /// The offset of the next row.
    next: usize,
}

/// Bytes that a compressed stream may have beyond the plain ones: headers of blocks and of the stream, rounded up
/// generously.
fn bound(length: usize) -> usize {
    length + length / 256 + 1024
}

impl Encoder {
    /// An encoder of rows of this shape, or `None` if it is not an 8-bit picture of one to four bands.
    pub fn new(shape: Shape) -> Option<Self> {
        if shape.depth != 1 || !(1..=4).contains(&shape.bands) || shape.width == 0 || shape.height == 0 {
            return None;
        }
        let row = shape.row_bytes();
        let length = (row + 1).checked_mul(shape.height as usize)?;
        Some(Self {
            shape,
            filter: Filter::new(shape.bands as usize, row),
            buffer: Buffer::with_length(length + bound(length)),
            length,
            next: 0,
        })
    }

    /// Takes the next rows, a whole number of them. Rows beyond the last are ignored.
    pub fn write(&mut self, rows: &[u8]) {
        let row = self.shape.row_bytes();
        for pixels in rows.chunks_exact(row) {
            let end = self.next + row + 1;
            if end > self.length {
                return;
            }
            self.filter.apply(pixels, &mut self.buffer[self.next..end]);
            self.next = end;
        }
    }

    /// Compresses at a level of libdeflate, 0 (none) to 12, and returns the file. `before` and `after` are whole chunks that
    /// stand before and after the pixels.
    ///
    /// # Errors
    ///
    /// If rows are missing.
    pub fn finish(mut self, level: u8, before: &[u8], after: &[u8]) -> Result<Vec<u8>> {
        if self.next != self.length {
            return Err(Error::broken(NAME, "rows are missing"));
        }
        let header = self.header();
        let (plain, behind) = self.buffer.split_at_mut(self.length);
        let found = with_compressor(level.into(), |compressor| compressor.zlib_compress(plain, behind));
        let found = found.map_err(|error| Error::broken(NAME, error.to_string()))?;
        let data = &behind[..found];
        // signature, and three chunks of 12 bytes and their bodies
        let mut file =
            Vec::with_capacity(SIGNATURE.len() + 36 + 13 + data.len() + before.len() + after.len());
        file.extend_from_slice(&SIGNATURE);
        append(&mut file, *b"IHDR", &header);
        file.extend_from_slice(before);
        append(&mut file, *b"IDAT", data);
        file.extend_from_slice(after);
        append(&mut file, *b"IEND", &[]);
        Ok(file)
    }

    fn header(&self) -> [u8; 13] {
        let kind = match self.shape.bands {
            1 => 0,
            2 => 4,
            3 => 2,
            _ => 6,
        };
        let ([w0, w1, w2, w3], [h0, h1, h2, h3]) =
            (self.shape.width.to_be_bytes(), self.shape.height.to_be_bytes());
        [w0, w1, w2, w3, h0, h1, h2, h3, 8, kind, 0, 0, 0]
    }
}

fn with_compressor<T>(level: i32, work: impl FnOnce(&mut Compressor) -> T) -> T {
    let kept = COMPRESSOR.take().filter(|(kept, _)| *kept == level);
    let (_, mut compressor) = kept.unwrap_or_else(|| {
        let level_of = CompressionLvl::new(level).unwrap_or_default();
        (level, Compressor::new(level_of))
    });
    let result = work(&mut compressor);
    COMPRESSOR.set(Some((level, compressor)));
    result
}
