//! Encodes JPEG: rows are pushed in, and the file is taken out.
//!
//! Quantisation tables are the standard's examples scaled by quality (as by the Independent JPEG Group), Huffman tables are
//! computed for the image. No application segments are written, not even JFIF's: metadata is the caller's part.

use std::ffi::c_void;

use bytes::Bytes;

use super::{failure::NAME, writer::Writer};
use crate::error::{Error, Result};

unsafe extern "C" {
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
pub struct Encoder(Writer);

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
        let writer = Writer::new()?;
        // SAFETY: a new writer.
        let status = unsafe {
            pixmill_jpeg_begin(
                writer.as_ptr(),
                width,
                height,
                bands,
                quality.into(),
                (subsampling == Subsampling::Halved).into(),
                (scan == Scan::Progressive).into(),
            )
        };
        writer.check(status).map(|()| Self(writer))
    }

    /// Adds the next rows, a whole number of them.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] for more rows than the image has, [`Error::OutOfMemory`].
    pub fn write(&mut self, rows: &[u8]) -> Result<()> {
        // SAFETY: a started writer; it reads whole rows within the slice.
        let status = unsafe { pixmill_jpeg_write(self.0.as_ptr(), rows.as_ptr(), rows.len()) };
        self.0.check(status)
    }

    /// Ends the file and returns it.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] for fewer rows than the image has, [`Error::OutOfMemory`].
    pub fn finish(self) -> Result<Bytes> {
        self.0.finish()
    }
}
