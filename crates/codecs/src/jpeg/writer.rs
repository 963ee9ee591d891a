//! A JPEG file that libjpeg-turbo writes into memory.

use std::{
    ffi::{c_char, c_void},
    ptr::{self, NonNull},
    slice,
};

use bytes::Bytes;

use super::failure::{NAME, failed};
use crate::error::{Error, Result};

unsafe extern "C" {
    fn pixmill_jpeg_new_writer() -> *mut c_void;
    fn pixmill_jpeg_free_writer(writer: *mut c_void);
    fn pixmill_jpeg_writer_message(writer: *const c_void, is_out_of_memory: *mut i32) -> *const c_char;
    fn pixmill_jpeg_finish(writer: *mut c_void, bytes: *mut *const u8, length: *mut usize) -> i32;
}

/// A file that is being written.
pub struct Writer(NonNull<c_void>);

// SAFETY: the writer is owned, and tied to no thread.
unsafe impl Send for Writer {}

impl Writer {
    /// A file that is not started.
    pub fn new() -> Result<Self> {
        // SAFETY: returns a writer that is ours, or null for no memory.
        let raw = unsafe { pixmill_jpeg_new_writer() };
        NonNull::new(raw).map(Self).ok_or(Error::OutOfMemory { codec: NAME })
    }

    /// For calls of the C layer.
    pub fn as_ptr(&self) -> *mut c_void {
        self.0.as_ptr()
    }

    /// The result of a call of the C layer.
    pub fn check(&self, status: i32) -> Result<()> {
        if status == 0 {
            return Ok(());
        }
        let mut is_out_of_memory = 0;
        // SAFETY: a live writer; its message is a C string that lives as long as it.
        unsafe {
            let message = pixmill_jpeg_writer_message(self.as_ptr(), &raw mut is_out_of_memory);
            Err(failed(message, is_out_of_memory))
        }
    }

    /// Ends a file that was started, and returns it.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] for fewer rows than the image has, [`Error::OutOfMemory`].
    pub fn finish(self) -> Result<Bytes> {
        let (mut bytes, mut length) = (ptr::null(), 0);
        // SAFETY: a started writer.
        let status = unsafe { pixmill_jpeg_finish(self.as_ptr(), &raw mut bytes, &raw mut length) };
        self.check(status)?;
        // SAFETY: the file, which lives as long as the writer.
        Ok(Bytes::copy_from_slice(unsafe { slice::from_raw_parts(bytes, length) }))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: ours, and freed once.
        unsafe { pixmill_jpeg_free_writer(self.as_ptr()) }
    }
}
