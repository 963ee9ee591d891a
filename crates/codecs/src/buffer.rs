//! A buffer of pixels per thread, used again for the next image: a fresh one costs the kernel a page fault every 4 KiB.

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
};

/// Larger buffers are given back to the allocator, so that one huge image does not hold memory for ever.
const LARGEST_KEPT: usize = 64 << 20;

/// Lengths are rounded up to this, so that the next image fits too. What is not used is never touched, and so takes no memory.
const STEP: usize = 32 << 20;

/// After so many images in a row that need less than half of the kept buffer, it is given back.
const PATIENCE: u32 = 8;

thread_local! {
    static KEPT: Cell<Kept> = const { Cell::new(Kept { bytes: Vec::new(), touched: 0, excess: 0 }) };
}

/// The kept buffer of a thread.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    /// Bytes of it that have been used, and so take memory.
    touched: usize,
    /// Number of images in a row that needed less than half of that.
    excess: u32,
}

/// Gives back what this thread keeps for the next image.
pub fn release() {
    KEPT.take();
}

/// A buffer of bytes whose content is unspecified until it is written.
pub struct Buffer {
    kept: Kept,
    length: usize,
}

impl Buffer {
    /// The kept buffer of this thread if it is large enough, else a new one.
    pub fn with_length(length: usize) -> Self {
        let mut kept = KEPT.take();
        kept.excess = if length < kept.touched / 2 { kept.excess + 1 } else { 0 };
        if kept.bytes.len() < length || kept.excess == PATIENCE {
            // given back first, so that both are never there together
            kept = Kept::default();
            // zeroed by the kernel, page by page on first use, not by writing
            kept.bytes = vec![0; length.next_multiple_of(STEP)];
        }
        kept.touched = kept.touched.max(length);
        Self { kept, length }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.kept.bytes[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.kept.bytes[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.length <= LARGEST_KEPT {
            KEPT.set(std::mem::take(&mut self.kept));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address of the buffer for a length, and how much of what is kept after it takes memory.
    fn used(length: usize) -> (*const u8, usize) {
        let address = Buffer::with_length(length).as_ptr();
        let kept = KEPT.take();
        let touched = kept.touched;
        KEPT.set(kept);
        (address, touched)
    }

    #[test]
    fn the_next_image_has_the_same_buffer_if_it_fits() {
        let (first, touched) = used(STEP - 5);
        assert_eq!(touched, STEP - 5);
        assert_eq!(used(STEP), (first, STEP));
        assert_eq!(used(STEP / 4), (first, STEP));
        assert_eq!(used(STEP + 1).1, STEP + 1);
        release();
        assert_eq!(used(7).1, 7);
    }

    #[test]
    fn a_buffer_that_is_too_large_for_many_images_is_given_back() {
        let large = used(STEP).1;
        let small = (0..PATIENCE).map(|_| used(10).1).collect::<Vec<_>>();
        assert!(small[..small.len() - 1].iter().all(|touched| *touched == large), "{small:?}");
        assert_eq!(small.last(), Some(&10));
        // a large one in between starts the count again
        used(large);
        for _ in 0..3 {
            (1..PATIENCE).for_each(|_| assert_eq!(used(10).1, large));
            used(large);
        }
    }

    #[test]
    fn huge_buffers_are_not_kept() {
        assert_eq!(used(LARGEST_KEPT + 1).1, 0);
        assert_eq!(used(LARGEST_KEPT).1, LARGEST_KEPT);
    }
}
