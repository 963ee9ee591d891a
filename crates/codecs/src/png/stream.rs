//! A picture that is inflated row by row.

use std::io::Cursor;

use bytes::Bytes;
use png::{Decoder, Limits};

use super::{NAME, chunks};
use crate::{
    decoder::{Rows, Shape},
    error::{Error, Result},
};

pub struct Reader {
    reader: png::Reader<Cursor<Bytes>>,
    row: usize,
}

impl Reader {
    pub fn open(file: Bytes, shape: Shape, parts: &[&[u8]]) -> Result<Self> {
        let first = parts.iter().find_map(|part| part.first()).copied().unwrap_or_default();
        if !chunks::has_full_window(first, usize::MAX) {
            return Err(Error::broken(NAME, "a small window"));
        }
        // a row, the one before it and the window of the decompressor; nothing else is kept
        let limits = Limits { bytes: 8 * shape.row_bytes() + (1 << 20) };
        let mut decoder = Decoder::new_with_limits(Cursor::new(file), limits);
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        // those of chunks were looked at; the one of pixels is not looked at by libpng either
        decoder.ignore_checksums(true);
        let reader = decoder.read_info().map_err(of_png)?;
        let row = shape.row_bytes();
        if reader.output_line_size(shape.width) != Some(row) {
            return Err(Error::broken(NAME, "two readings of the header"));
        }
        Ok(Self { reader, row })
    }
}

impl Rows for Reader {
    fn read(&mut self, rows: &mut [u8]) -> Result<()> {
        for out in rows.chunks_exact_mut(self.row) {
            if self.reader.read_row(out).map_err(of_png)?.is_none() {
                return Err(Error::broken(NAME, "no more rows"));
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
