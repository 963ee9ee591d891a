//! Encodes JPEG: rows are pushed in, and the file is taken out.
//!
//! Quantisation tables are the standard's examples scaled by quality (as by the Independent JPEG Group), Huffman tables are
//! computed for the image. No application segments are written, not even JFIF's: metadata is the caller's part.

use std::{
    ffi::{c_char, c_void},
    ptr::NonNull,
    slice,
};

use bytes::Bytes;

use super::{NAME, failed};
use crate::error::{Error, Result};

unsafe extern "C" {
    fn pixmill_jpeg_new_writer() -> *mut c_void;
    fn pixmill_jpeg_free_writer(writer: *mut c_void);
    fn pixmill_jpeg_writer_message(writer: *const c_void, is_out_of_memory: *mut i32) -> *const c_char;
    fn pixmill_jpeg_begin(
        writer: *mut c_void,
        width: u32,
        height: u32,
        bands: u32,
        quality: i32,
        halved: i32,
        progressive: i32,
    ) -> i32;
    fn pixmill_jpeg_write(writer: *mut c_void, rows: *const u8, length: usize) -> i32;
    fn pixmill_jpeg_finish(writer: *mut c_void, bytes: *mut *const u8, length: *mut usize) -> i32;
}

/// At which resolution chroma is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subsampling {
    /// Half of luma's in both directions: 4:2:0.
    Halved,
    /// As luma's: 4:4:4.
    Full,
}

/// The order in which coefficients are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// In one scan, block by block.
    Baseline,
    /// In scans of increasing detail.
    Progressive,
}

/// What is encoded, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Width in pixels, 1 to 65,500.
    pub width: u32,
    /// Height in pixels, 1 to 65,500.
    pub height: u32,
    /// Bytes per pixel: 1 grey, 3 RGB.
    pub bands: u32,
    /// 1 to 100, on the scale of the Independent JPEG Group.
    pub quality: u8,
    /// Of RGB.
    pub subsampling: Subsampling,
    /// The order of coefficients.
    pub scan: Scan,
}

/// A file that is being written. Memory holds all coefficients until the end, since Huffman tables depend on all of them:
/// 2 bytes a sample.
pub struct Encoder {
    raw: NonNull<c_void>,
}

// SAFETY: the writer is owned, and tied to no thread.
unsafe impl Send for Encoder {}

impl Encoder {
    /// Starts a file.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] for sides that a JPEG cannot have, [`Error::OutOfMemory`].
    pub fn new(options: Options) -> Result<Self> {
        let Options { width, height, bands, quality, subsampling, scan } = options;
        if !matches!(bands, 1 | 3) {
            return Err(Error::broken(NAME, format!("{bands} bands instead of 1 or 3")));
        }
        // SAFETY: returns a writer that is ours, or null for no memory.
        let raw = unsafe { pixmill_jpeg_new_writer() };
        let encoder = Self { raw: NonNull::new(raw).ok_or(Error::OutOfMemory { codec: NAME })? };
        // SAFETY: a new writer.
        let status = unsafe {
            pixmill_jpeg_begin(
                encoder.raw.as_ptr(),
                width,
                height,
                bands,
                quality.into(),
                (subsampling == Subsampling::Halved).into(),
                (scan == Scan::Progressive).into(),
            )
        };
        encoder.check(status).map(|()| encoder)
    }

    /// Adds the next rows, a whole number of them.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] for more rows than the image has, [`Error::OutOfMemory`].
    pub fn write(&mut self, rows: &[u8]) -> Result<()> {
        // SAFETY: a started writer; it reads whole rows within the slice.
        let status = unsafe { pixmill_jpeg_write(self.raw.as_ptr(), rows.as_ptr(), rows.len()) };
        self.check(status)
    }

    /// Ends the file and returns it.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] for fewer rows than the image has, [`Error::OutOfMemory`].
    pub fn finish(self) -> Result<Bytes> {
        let (mut bytes, mut length) = (std::ptr::null(), 0);
        // SAFETY: a started writer.
        let status = unsafe { pixmill_jpeg_finish(self.raw.as_ptr(), &raw mut bytes, &raw mut length) };
        self.check(status)?;
        // SAFETY: the file, which lives as long as the writer.
        Ok(Bytes::copy_from_slice(unsafe { slice::from_raw_parts(bytes, length) }))
    }

    fn check(&self, status: i32) -> Result<()> {
        if status == 0 {
            return Ok(());
        }
        let mut is_out_of_memory = 0;
        // SAFETY: a live writer; its message is a C string that lives as long as it.
        unsafe {
            let message = pixmill_jpeg_writer_message(self.raw.as_ptr(), &raw mut is_out_of_memory);
            Err(failed(message, is_out_of_memory))
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: ours, and freed once.
        unsafe { pixmill_jpeg_free_writer(self.raw.as_ptr()) }
    }
}
