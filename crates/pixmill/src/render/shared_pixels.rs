//! Decoded pixels that renders of one original share: in the memory of this process, or in a block that worker processes map.

use std::{os::fd::OwnedFd, sync::Arc};

use vips_ops::source::{DecodeStep, DecodedPixels};

/// Decoded pixels.
#[derive(Debug, Clone)]
pub enum SharedPixels {
    /// In the memory of this process.
    Memory(DecodedPixels),
    /// In a sealed block, which only worker processes map.
    Block {
        /// How they were decoded.
        step: DecodeStep,
        /// The block.
        block: Arc<OwnedFd>,
    },
}
