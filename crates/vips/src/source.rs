//! Encoded bytes in memory, as libvips reads them.

use bytes::Bytes;
use libvips_rs::bindings as ffi;

use crate::{
    blob::Blob,
    error::{Result, failed},
};

/// Encoded bytes that loaders read from. libvips holds its own reference as long as pixels may be requested.
pub struct Source(*mut ffi::VipsSource);

impl Source {
    /// A source over `bytes`, without a copy.
    ///
    /// # Errors
    ///
    /// If libvips cannot create it.
    pub fn from_bytes(bytes: &Bytes) -> Result<Self> {
        let blob = Blob::lend(bytes);
        // SAFETY: the blob is alive; the source takes its own reference to it.
        let raw = unsafe { ffi::vips_source_new_from_blob(blob.as_ptr()) };
        if raw.is_null() { Err(failed(c"source")) } else { Ok(Self(raw)) }
    }

    pub(crate) fn as_ptr(&self) -> *mut ffi::VipsSource {
        self.0
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: one reference is ours.
        unsafe { ffi::g_object_unref(self.0.cast()) }
    }
}
