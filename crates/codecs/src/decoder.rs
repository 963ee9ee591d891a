//! What a decoder is: a record with functions.

use bytes::Bytes;

use crate::error::Result;

/// The shape of decoded pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Channels per pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    pub bands: u32,
    /// Bytes per channel: 1, or 2 in the machine's byte order.
    pub depth: u32,
}

impl Shape {
    /// Bytes of a pixel.
    pub fn pixel_bytes(self) -> usize {
        self.bands as usize * self.depth as usize
    }

    /// Bytes of a row.
    pub fn row_bytes(self) -> usize {
        self.width as usize * self.pixel_bytes()
    }
}

/// A decoder.
pub struct Decoder {
    /// Its name in plans, metrics and configuration.
    pub name: &'static str,
    /// The divisors that it can scale by while decoding, 1 among them. A side is rounded up.
    pub divisors: &'static [u8],
    /// Which images it takes: the shape of the pixels at full size, read from the header alone, or `None` for what libvips
    /// has to decode.
    pub takes: fn(&[u8]) -> Option<Shape>,
    /// Opens an image that it takes, scaled by a divisor.
    pub open: fn(&Bytes, u8) -> Result<Box<dyn Rows>>,
    /// Decodes all rows of an image that it takes, scaled by a divisor.
    pub read_all: fn(&Bytes, u8, Target<'_>) -> Result<()>,
}

/// Where all rows of an image are decoded to.
pub struct Target<'a> {
    /// The rows, and at least as many bytes after the last one as two rows are apart. What is not in a row is unspecified
    /// afterwards.
    pub pixels: &'a mut [u8],
    /// Bytes of a row.
    pub row: usize,
    /// Bytes from the start of a row to the next, more than those of a row.
    pub stride: usize,
    /// Number of rows.
    pub height: usize,
    /// Memory for the decoder, as much as the encoded image has.
    pub scratch: &'a mut [u8],
}

impl Target<'_> {
    /// Reads all rows from a reader.
    pub(crate) fn fill(self, rows: &mut dyn Rows) -> Result<()> {
        let all = self.pixels.chunks_mut(self.stride).take(self.height);
        all.into_iter().try_for_each(|out| rows.read(&mut out[..self.row]))
    }
}

/// A reader of rows, from the top.
pub trait Rows: Send {
    /// Fills `rows` with the next rows, a whole number of them.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`](crate::Error::Broken) for a broken or truncated image,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) if memory runs out. No more rows can be read after that.
    fn read(&mut self, rows: &mut [u8]) -> Result<()>;
}
