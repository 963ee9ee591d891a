//! Byte blobs that cross the boundary to C without a copy; each side frees its own.

use std::{ffi::c_void, panic::catch_unwind, ptr, slice};

use bytes::Bytes;
use libvips_rs::bindings as ffi;

/// One reference to a libvips blob.
pub(crate) struct Blob(*mut ffi::VipsBlob);

// SAFETY: a blob is immutable memory with an atomic (locked) reference count.
unsafe impl Send for Blob {}
// SAFETY: as above.
unsafe impl Sync for Blob {}

impl Blob {
    /// A blob over `bytes`, which are kept alive until libvips drops its last reference.
    pub(crate) fn lend(bytes: &Bytes) -> Self {
        let owner = Box::into_raw(Box::new(bytes.clone()));
        // SAFETY: the data pointer is valid for `len` bytes while the owner lives; `release` frees the owner once.
        unsafe {
            let blob = ffi::vips_blob_new(Some(release), bytes.as_ptr().cast(), bytes.len() as u64);
            (*blob).area.client = owner.cast();
            Self(blob)
        }
    }

    /// Takes over one reference.
    ///
    /// # Safety
    /// `blob` is null or a reference that the caller gives away.
    pub(crate) unsafe fn from_raw(blob: *mut ffi::VipsBlob) -> Self {
        Self(blob)
    }

    pub(crate) fn as_ptr(&self) -> *mut ffi::VipsBlob {
        self.0
    }

    /// The blob as `Bytes`; dropping the last clone releases the blob in libvips.
    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        if self.0.is_null() {
            return &[];
        }
        // SAFETY: a live blob's data holds `length` bytes; null only when empty.
        unsafe {
            let area = &(*self.0).area;
            if area.data.is_null() {
                &[]
            } else {
                slice::from_raw_parts(area.data.cast(), area.length as usize)
            }
        }
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: we own one reference.
            unsafe { ffi::vips_area_unref(ptr::addr_of_mut!((*self.0).area)) }
        }
    }
}

unsafe extern "C" fn release(_data: *mut c_void, area: *mut c_void) -> i32 {
    let _ = catch_unwind(|| {
        // SAFETY: libvips passes the area it frees; `client` is the Box made in `lend`, freed here only.
        unsafe {
            let client = (*area.cast::<ffi::VipsArea>()).client;
            if !client.is_null() {
                drop(Box::from_raw(client.cast::<Bytes>()));
            }
        }
    });
    0
}
