//! What a decoder is: a record with functions.

use std::ops::Range;

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
    /// Memory with the rows and more.
    pub(crate) canvas: &'a mut [u8],
    /// Where the rows are in it: one after the other, each after a byte that belongs to the decoder.
    pub(crate) image: Range<usize>,
    /// What is decoded.
    pub(crate) shape: Shape,
    /// Memory for the decoder, as much as the encoded image has.
    pub(crate) scratch: &'a mut [u8],
    /// Called with the canvas and the number of complete rows.
    pub(crate) ready: &'a mut dyn FnMut(&mut [u8], usize),
}

/// Rows that are decoded between two calls of `ready`.
const ROWS_AT_A_TIME: usize = 16;

impl Target<'_> {
    /// Bytes from the start of a row to the next.
    pub(crate) fn stride(&self) -> usize {
        self.shape.row_bytes() + 1
    }

    /// All rows, each after a byte that is the decoder's, and memory for the decoder.
    pub(crate) fn parts(&mut self) -> (&mut [u8], &mut [u8]) {
        (&mut self.canvas[self.image.clone()], self.scratch)
    }

    /// States that the first `count` rows are complete. The decoder does not look at them again, since they may change. At the
    /// end, all rows are.
    pub(crate) fn ready(&mut self, count: usize) {
        (self.ready)(self.canvas, count);
    }

    /// Reads all rows one after the other.
    pub(crate) fn fill(mut self, mut read: impl FnMut(&mut [u8]) -> Result<()>) -> Result<()> {
        let (stride, height) = (self.stride(), self.shape.height as usize);
        for first in (0..height).step_by(ROWS_AT_A_TIME) {
            let end = height.min(first + ROWS_AT_A_TIME);
            let rows = &mut self.parts().0[first * stride..end * stride];
            rows.chunks_exact_mut(stride).try_for_each(|row| read(&mut row[1..]))?;
            self.ready(end);
        }
        Ok(())
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
