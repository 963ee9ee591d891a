//! Decoders and encoders beside libvips' own, for the common kinds of JPEG, PNG, WebP and AVIF: from encoded bytes to rows
//! of pixels, and from rows of pixels to encoded bytes.
//!
//! They are faster than the loaders of libvips for the same pixels. They read pixels alone: headers, metadata, colour
//! profiles and limits are libvips' part, and so is every image that no decoder here takes ([`Decoder::takes`]).
//!
//! ```
//! # let webp: &[u8] = include_bytes!("../tests/data/red.webp");
//! // `webp` holds the bytes of a WebP of 4 × 2 red pixels
//! let bytes = bytes::Bytes::from_static(webp);
//! let decoder = &codecs::LIBWEBP;
//! let shape = (decoder.takes)(&bytes).expect("a still WebP");
//! assert_eq!((shape.width, shape.height, shape.bands), (4, 2, 3));
//! let mut rows = (decoder.open)(&bytes, 1)?;
//! let mut pixels = vec![0; shape.row_bytes() * shape.height as usize];
//! rows.read(&mut pixels)?;
//! assert!(pixels[0] > 200 && pixels[1] < 40);
//! # Ok::<(), codecs::Error>(())
//! ```
//!
//! # Design
//!
//! A decoder is a record: which images it takes, by which divisors it scales, and how it opens one. What it opens
//! is a reader of rows, from the top. The C libraries are behind a layer of C with plain functions (`native/`), which
//! also turns libjpeg-turbo's non-local jumps into return values.
#![expect(unsafe_code, reason = "this crate is a boundary to C; every unsafe block states why it is sound")]

mod av1;
mod buffer;
mod decoder;
mod error;
pub mod heif;
pub mod jpeg;
mod png;
mod resize;
mod webp;

/// Gives back the memory that this thread keeps for the next image. Worth calling when none is expected soon.
pub fn release_buffers() {
    buffer::release();
    resize::release();
}

pub use av1::DECODER as DAV1D;
pub use decoder::{Decoder, Rows, Shape, Target};
pub use error::{Error, Result};
pub use jpeg::DECODER as LIBJPEG_TURBO;
pub use png::{
    DECODER as PNG, Encoder as PngEncoder, Strategy as PngStrategy, encode_levels as encode_png_levels,
};
pub use resize::{Scaling, scale, scale_rows};
pub use webp::DECODER as LIBWEBP;
