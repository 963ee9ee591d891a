//! Lossy JPEG of 8 bits, grey, YCbCr or RGB, by rows and on demand: a baseline image needs memory for a few rows, a progressive
//! one for all of its coefficients.
//!
//! Scaling is done by smaller inverse cosine transforms; a side is divided and rounded up.

use std::{
    ffi::{c_char, c_void},
    ptr::NonNull,
};

use bytes::Bytes;

use super::failure::{NAME, failed};
use crate::{
    decoder::{Decoder, Rows, Shape, Target},
    error::{Error, Result},
};

/// The decoder of JPEG.
pub const DECODER: Decoder = Decoder { name: NAME, divisors: &[1, 2, 4, 8], takes, open, read_all };

unsafe extern "C" {
    fn pixmill_jpeg_new_reader() -> *mut c_void;
    fn pixmill_jpeg_free_reader(reader: *mut c_void);
    fn pixmill_jpeg_reader_message(reader: *const c_void, is_out_of_memory: *mut i32) -> *const c_char;
    fn pixmill_jpeg_header(
        reader: *mut c_void,
        data: *const u8,
        size: usize,
        width: *mut u32,
        height: *mut u32,
        bands: *mut u32,
    ) -> i32;
    fn pixmill_jpeg_start(reader: *mut c_void, data: *const u8, size: usize, divisor: u32) -> i32;
    fn pixmill_jpeg_read(reader: *mut c_void, rows: *mut u8, length: usize) -> i32;
}

fn takes(bytes: &[u8]) -> Option<Shape> {
    let raw = RawReader::new().ok()?;
    let (mut width, mut height, mut bands) = (0, 0, 0);
    // SAFETY: a new reader; the slice is readable for its length, and the numbers can be written.
    let taken = unsafe {
        pixmill_jpeg_header(
            raw.0.as_ptr(),
            bytes.as_ptr(),
            bytes.len(),
            &raw mut width,
            &raw mut height,
            &raw mut bands,
        )
    };
    (taken == 1).then_some(Shape { width, height, bands, depth: 1 })
}

fn open(bytes: &Bytes, divisor: u8) -> Result<Box<dyn Rows>> {
    let mut reader = Reader { raw: RawReader::new()?, _bytes: bytes.clone() };
    // SAFETY: a new reader, which is dropped before the bytes.
    let status = unsafe {
        pixmill_jpeg_start(reader.raw.0.as_ptr(), bytes.as_ptr(), bytes.len(), divisor.max(1).into())
    };
    reader.raw.check(status)?;
    Ok(Box::new(reader))
}

fn read_all(bytes: &Bytes, divisor: u8, target: Target<'_>) -> Result<()> {
    let mut rows = open(bytes, divisor)?;
    target.fill(|row| rows.read(row))
}

/// A reader of the C layer.
struct RawReader(NonNull<c_void>);

// SAFETY: the reader is owned, and tied to no thread.
unsafe impl Send for RawReader {}

impl RawReader {
    fn new() -> Result<Self> {
        // SAFETY: returns a reader that is ours, or null for no memory.
        let raw = unsafe { pixmill_jpeg_new_reader() };
        NonNull::new(raw).map(Self).ok_or(Error::OutOfMemory { codec: NAME })
    }

    fn check(&mut self, status: i32) -> Result<()> {
        if status == 0 {
            return Ok(());
        }
        let mut is_out_of_memory = 0;
        // SAFETY: a live reader; its message is a C string that lives as long as it.
        unsafe {
            let message = pixmill_jpeg_reader_message(self.0.as_ptr(), &raw mut is_out_of_memory);
            Err(failed(message, is_out_of_memory))
        }
    }
}

impl Drop for RawReader {
    fn drop(&mut self) {
        // SAFETY: ours, and freed once.
        unsafe { pixmill_jpeg_free_reader(self.0.as_ptr()) }
    }
}

struct Reader {
    raw: RawReader,
    /// What the reader reads from; dropped after it.
    _bytes: Bytes,
}

impl Rows for Reader {
    fn read(&mut self, rows: &mut [u8]) -> Result<()> {
        // SAFETY: a started reader, whose bytes are alive; it writes whole rows within the slice.
        let status = unsafe { pixmill_jpeg_read(self.raw.0.as_ptr(), rows.as_mut_ptr(), rows.len()) };
        self.raw.check(status)
    }
}
