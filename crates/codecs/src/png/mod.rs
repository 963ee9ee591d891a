//! PNG: images of up to 8 bits, grey, in colour or with a palette, with or without alpha, not interlaced.
//!
//! An image of moderate size is inflated by one call of libdeflate when it is opened, and its rows are unfiltered on
//! demand. A larger one is inflated row by row by the crate `fdeflate`, which keeps memory flat.
//!
//! Only intact files are decoded: every chunk is complete and has the right checksum. Opening any other file is an error, and
//! the caller is expected to leave it to libvips, whose error then decides.

mod chunks;
mod encode;
mod filter;
mod huffman;
mod layout;
mod stream;
mod two_rows;
mod unfilter;
mod whole;

use bytes::Bytes;

use self::{chunks::NAME, layout::Layout};
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
    layout(bytes).map(|layout| layout.shape)
}

fn layout(bytes: &[u8]) -> Option<Layout> {
    // larger ones are not read by rows here unless they are stored as they are decoded
    Layout::find(bytes).filter(|layout| layout.is_direct() || layout.length() <= LARGEST_WHOLE)
}

fn taken(bytes: &[u8]) -> Result<Layout> {
    layout(bytes).ok_or_else(|| Error::broken(NAME, "not an image of a kind that is taken"))
}

fn open(bytes: &Bytes, _divisor: u8) -> Result<Box<dyn Rows>> {
    let layout = taken(bytes)?;
    if layout.length() <= LARGEST_WHOLE {
        Ok(Box::new(whole::Reader::open(bytes, layout)?))
    } else {
        let mut parts = Vec::new();
        chunks::visit_pixels(bytes, |part| parts.push(part))?;
        Ok(Box::new(stream::Reader::open(bytes, layout.shape, &parts)?))
    }
}

fn read_all(bytes: &Bytes, divisor: u8, target: Target<'_>) -> Result<()> {
    let layout = taken(bytes)?;
    if layout.length() <= LARGEST_WHOLE {
        whole::read_all(bytes, &layout, target)
    } else {
        let mut rows = open(bytes, divisor)?;
        target.fill(|row| rows.read(row))
    }
}

#[cfg(test)]
mod tests;
