//! PNG: images of 8-bit grey or colour, with or without alpha, not interlaced.
//!
//! An image of moderate size is inflated by one call of libdeflate when it is opened, and its rows are unfiltered on
//! demand. A larger one is inflated row by row by the crate `fdeflate`, which keeps memory flat.
//!
//! Only intact files are decoded: every chunk is complete and has the right checksum. Opening any other file is an error, and
//! the caller is expected to leave it to libvips, whose error then decides.

mod chunks;
mod encode;
mod filter;
mod stream;
mod two_rows;
mod unfilter;
mod whole;

use bytes::Bytes;

use self::chunks::NAME;
pub use self::{
    encode::{Encoder, encode_levels},
    filter::Strategy,
};
use crate::{
    decoder::{Decoder, Rows, Shape, Target},
    error::{Error, Result},
};

/// The decoder of PNG.
pub const DECODER: Decoder = Decoder { name: NAME, divisors: &[1], takes, open, read_all };

/// Most bytes of filtered rows that are held in memory at once; a photograph of 2040 × 1360 pixels has half of that. Larger
/// images are read by rows, so that memory does not grow with them.
const LARGEST_WHOLE: usize = 16 << 20;

fn takes(bytes: &[u8]) -> Option<Shape> {
    let shape = chunks::header(bytes)?;
    // transparency is another band in libvips; animations are rare, and their first image may be another
    let is_special = |chunk: chunks::Chunk<'_>| matches!(chunk.name, b"tRNS" | b"acTL" | b"PLTE");
    (!chunks::read(bytes).take_while(|chunk| chunk.name != b"IDAT").any(is_special)).then_some(shape)
}

fn open(bytes: &Bytes, _divisor: u8) -> Result<Box<dyn Rows>> {
    let shape = takes(bytes).ok_or_else(|| Error::broken(NAME, "not an image of a kind that is taken"))?;
    let data = chunks::pixels(bytes)?;
    let length = (shape.row_bytes() + 1).saturating_mul(shape.height as usize);
    if length <= LARGEST_WHOLE {
        Ok(Box::new(whole::Reader::open(shape, length, &data)?))
    } else {
        Ok(Box::new(stream::Reader::open(bytes, shape, &data)?))
    }
}

fn read_all(bytes: &Bytes, divisor: u8, target: Target<'_>) -> Result<()> {
    let shape = takes(bytes).ok_or_else(|| Error::broken(NAME, "not an image of a kind that is taken"))?;
    let length = (shape.row_bytes() + 1).saturating_mul(shape.height as usize);
    if length <= LARGEST_WHOLE {
        whole::read_all(shape, length, &chunks::pixels(bytes)?, target)
    } else {
        target.fill(open(bytes, divisor)?.as_mut())
    }
}

#[cfg(test)]
mod tests;
