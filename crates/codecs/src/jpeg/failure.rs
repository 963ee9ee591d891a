//! The name of the codec, and its errors.

use std::ffi::{CStr, c_char};

use crate::error::Error;

/// In errors.
pub const NAME: &str = "libjpeg_turbo";

/// The error of a failed call.
///
/// # Safety
/// `message` is a C string, or null where there was no memory for a reader or writer.
pub unsafe fn failed(message: *const c_char, is_out_of_memory: i32) -> Error {
    if message.is_null() || is_out_of_memory != 0 {
        return Error::OutOfMemory { codec: NAME };
    }
    // SAFETY: as promised by the caller.
    Error::broken(NAME, unsafe { CStr::from_ptr(message) }.to_string_lossy())
}
