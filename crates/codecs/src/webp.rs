//! Still WebP through libwebp: the whole image is decoded by one call, when the first row is read.

use bytes::Bytes;

use crate::{
    buffer::Buffer,
    decoder::{Decoder, Rows, Shape, Target},
    error::{Error, Result},
};

/// The decoder of still WebP.
pub const DECODER: Decoder = Decoder { name: NAME, divisors: &[1], takes, open, read_all };

const NAME: &str = "libwebp";

unsafe extern "C" {
    fn pixmill_webp_header(
        data: *const u8,
        size: usize,
        width: *mut u32,
        height: *mut u32,
        bands: *mut u32,
    ) -> i32;
    fn pixmill_webp_decode(
        data: *const u8,
        size: usize,
        bands: u32,
        out: *mut u8,
        length: usize,
        stride: i32,
    ) -> i32;
}

fn takes(bytes: &[u8]) -> Option<Shape> {
    let (mut width, mut height, mut bands) = (0, 0, 0);
    // SAFETY: the slice is readable for its length, and the numbers can be written.
    let taken = unsafe {
        pixmill_webp_header(bytes.as_ptr(), bytes.len(), &raw mut width, &raw mut height, &raw mut bands)
    };
    (taken == 1).then_some(Shape { width, height, bands, depth: 1 })
}

fn open(bytes: &Bytes, _divisor: u8) -> Result<Box<dyn Rows>> {
    let shape = takes(bytes).ok_or_else(|| Error::broken(NAME, "not a still image"))?;
    Ok(Box::new(Reader { bytes: bytes.clone(), shape, pixels: None, next: 0 }))
}

fn read_all(bytes: &Bytes, _divisor: u8, mut target: Target<'_>) -> Result<()> {
    let shape = takes(bytes).ok_or_else(|| Error::broken(NAME, "not a still image"))?;
    let stride = target.stride();
    decode(bytes, shape, &mut target.parts().0[1..], stride)?;
    target.ready(shape.height as usize);
    Ok(())
}

struct Reader {
    bytes: Bytes,
    shape: Shape,
    pixels: Option<Buffer>,
    /// The offset of the next row.
    next: usize,
}

impl Rows for Reader {
    fn read(&mut self, rows: &mut [u8]) -> Result<()> {
        let pixels = match &mut self.pixels {
            Some(pixels) => pixels,
            empty => {
                let row = self.shape.row_bytes();
                let mut pixels = Buffer::with_length(row * self.shape.height as usize);
                decode(&self.bytes, self.shape, &mut pixels, row)?;
                empty.insert(pixels)
            }
        };
        let end = self.next + rows.len();
        let next = pixels.get(self.next..end).ok_or_else(|| Error::broken(NAME, "no more rows"))?;
        rows.copy_from_slice(next);
        self.next = end;
        Ok(())
    }
}

/// Decodes all rows, `stride` bytes apart.
fn decode(bytes: &[u8], shape: Shape, pixels: &mut [u8], stride: usize) -> Result<()> {
    // SAFETY: both slices are valid for their lengths; the library writes rows `stride` bytes apart within the buffer, and
    // refuses an image that does not fit.
    let status = unsafe {
        pixmill_webp_decode(
            bytes.as_ptr(),
            bytes.len(),
            shape.bands,
            pixels.as_mut_ptr(),
            pixels.len(),
            stride as i32,
        )
    };
    match status {
        0 => Ok(()),
        // also that for failed allocations, 1: a broken alpha channel has it too
        status => Err(Error::broken(NAME, format!("status {status}"))),
    }
}
