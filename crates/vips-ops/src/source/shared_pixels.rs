//! Decoded pixels that several renders of one original share, when their plans decode it in the same way.

use std::{
    fmt,
    io::{self, Write},
    sync::Arc,
};

use bytes::Bytes;
use image_api::plan::load::Load;
use serde::{Deserialize, Serialize};

use super::Codec;
use crate::size::Size;

/// How an original is decoded. The pixels are the same for the same original and equal steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodeStep {
    /// The decoder.
    pub codec: Codec,
    /// JPEG: the divisor of shrink-on-load; otherwise 1.
    pub shrink: u8,
    /// The size of the decoded image.
    pub size: Size,
}

/// The decoded pixels of an original.
#[derive(Debug, Clone)]
pub struct DecodedPixels {
    /// How it was decoded.
    pub step: DecodeStep,
    /// The rows from the top, without gaps. There may be more bytes after the last one.
    pub rows: Bytes,
}

/// Whether a render shares the decode of its original with other renders. Its output is the same in all cases.
#[derive(Clone, Default)]
pub enum Sharing {
    /// It decodes for itself, while it encodes.
    #[default]
    Alone,
    /// It uses the pixels that another render has decoded, if it would decode in the same way.
    Reuse(DecodedPixels),
    /// It decodes everything first, and provides the pixels to others.
    Provide(Arc<dyn Provider>),
}

/// The connection of a render to those that wait for its decoded pixels.
pub trait Provider: Send + Sync {
    /// Reserves memory for pixels of so many bytes; `None` if there is none, or if it was called before.
    fn store(&self, bytes: usize) -> Option<Box<dyn PixelStore>>;

    /// Ends the wait of the others: with the pixels, which are in the store, or without, so that they decode for themselves.
    /// Calls after the first have no effect.
    fn publish(&self, decoded: Option<&DecodedPixels>);
}

/// Memory to which decoded rows are written.
pub trait PixelStore: Write {
    /// The bytes that were written.
    ///
    /// # Errors
    ///
    /// Of the system, for memory that is shared between processes.
    fn finish(self: Box<Self>) -> io::Result<Bytes>;
}

impl DecodeStep {
    /// The decode of a plan; `None` if its pixels cannot be shared: libvips decodes the original itself.
    pub fn of(load: &Load) -> Option<Self> {
        let codec = load.codec.filter(|_| load.frames == 1 && load.thumbnail.is_none())?;
        Some(Self { codec, shrink: load.shrink, size: load.size })
    }
}

impl Sharing {
    /// Ends the wait of others for the pixels of this render, if there are such renders.
    pub fn decline(&self) {
        if let Self::Provide(provider) = self {
            provider.publish(None);
        }
    }
}

impl fmt::Debug for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alone => "Alone",
            Self::Reuse(_) => "Reuse",
            Self::Provide(_) => "Provide",
        })
    }
}

impl PixelStore for Vec<u8> {
    fn finish(self: Box<Self>) -> io::Result<Bytes> {
        Ok(Bytes::from(*self))
    }
}
