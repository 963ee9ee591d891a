//! An image that is inflated row by row.

use std::io::Cursor;

use bytes::Bytes;
use png::{DecodeOptions, Decoder, Limits};

use super::chunks::{NAME, has_full_window};
use crate::{
    decoder::{Rows, Shape},
    error::{Error, Result},
};

pub struct Reader {
    rows: png::Reader<Cursor<Bytes>>,
    row: usize,
    /// Rows that have not been read.
    left: u32,
}

impl Reader {
    pub fn open(file: Bytes, shape: Shape, parts: &[&[u8]]) -> Result<Self> {
        let first = parts.iter().find_map(|part| part.first()).copied().unwrap_or_default();
        if !has_full_window(first, usize::MAX) {
            return Err(Error::broken(NAME, "a small window"));
        }
        // a row, the one before it and the window of the decompressor; nothing else is kept
        let limits = Limits { bytes: 8 * shape.row_bytes() + (1 << 20) };
        let mut options = DecodeOptions::default();
        options.set_ignore_text_chunk(true);
        options.set_ignore_iccp_chunk(true);
        // those of chunks were looked at
        options.set_ignore_crc(true);
        options.set_ignore_adler32(false);
        let mut decoder = Decoder::new_with_options(Cursor::new(file), options);
        decoder.set_limits(limits);
        let reader = decoder.read_info().map_err(of_png)?;
        let row = shape.row_bytes();
        if reader.output_line_size(shape.width) != Some(row) {
            return Err(Error::broken(NAME, "two readings of the header"));
        }
        Ok(Self { rows: reader, row, left: shape.height })
    }
}

impl Rows for Reader {
    fn read(&mut self, rows: &mut [u8]) -> Result<()> {
        for out in rows.chunks_exact_mut(self.row) {
            if self.rows.read_row(out).map_err(of_png)?.is_none() {
                return Err(Error::broken(NAME, "no more rows"));
            }
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                // the checksum of all rows: libpng gives no last row if that is wrong
                self.rows.read_row(&mut []).map_err(of_png)?;
            }
        }
        Ok(())
    }
}

fn of_png(error: png::DecodingError) -> Error {
    match error {
        png::DecodingError::LimitsExceeded => Error::OutOfMemory { codec: NAME },
        error => Error::broken(NAME, error.to_string()),
    }
}
