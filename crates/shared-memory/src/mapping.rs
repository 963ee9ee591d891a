//! A memory mapping of a file, unmapped when dropped.

use std::{ffi::c_void, io, num::NonZero, os::fd::AsFd, ptr::NonNull};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A shared mapping of the first bytes of a file.
pub(crate) struct Mapping {
    start: NonNull<c_void>,
    length: NonZero<usize>,
}

// SAFETY: a mapping belongs to the process, not to a thread; what lies in it is read-only and sealed, or atomic.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `length` bytes.
    ///
    /// The caller must check that the file has at least that many bytes and is sealed against shrinking: reading beyond
    /// the end of a shortened file would kill the process (SIGBUS).
    pub(crate) fn new(file: impl AsFd, length: NonZero<usize>, access: ProtFlags) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice overlaps nothing.
        let start = unsafe { mmap(std::ptr::null_mut(), length.get(), access, MapFlags::SHARED, file, 0) }?;
        let start = NonNull::new(start).ok_or_else(|| io::Error::other("mapped at address 0"))?;
        Ok(Self { start, length })
    }

    pub(crate) fn start(&self) -> NonNull<c_void> {
        self.start
    }

    pub(crate) fn length(&self) -> usize {
        self.length.get()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, unmapped here only; no reference outlives the owner.
        let unmapped = unsafe { munmap(self.start.as_ptr(), self.length.get()) };
        debug_assert!(unmapped.is_ok(), "{unmapped:?}");
    }
}
