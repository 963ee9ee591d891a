//! A buffer of pixels per thread, used again for the next image: a fresh one costs the kernel a page fault every 4 KiB.

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
};

/// Larger buffers are given back to the allocator, so that one huge image does not hold memory for ever.
const LARGEST_KEPT: usize = 64 << 20;

thread_local! {
    static KEPT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer of bytes whose content is unspecified until it is written.
pub struct Buffer {
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
    /// The kept buffer of this thread if it is large enough, else a new one.
    pub fn with_length(length: usize) -> Self {
        let mut bytes = KEPT.take();
        if bytes.len() < length {
            // zeroed by the kernel, page by page on first use, not by writing
            bytes = vec![0; length];
        }
        Self { bytes, length }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.bytes.len() <= LARGEST_KEPT {
            KEPT.set(std::mem::take(&mut self.bytes));
        }
    }
}
