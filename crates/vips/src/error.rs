//! What libvips says when something fails.

use std::ffi::CStr;

use libvips_rs::bindings as ffi;

/// The result of a libvips call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed libvips call.
///
/// `detail` is libvips' own text. Its error buffer is one for all threads, so under load the text may hold lines of
/// another image: it is for the log, must never be parsed, and must never reach a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum Error {
    /// An operation could not be set up or run.
    #[error("{operation} failed: {detail}")]
    Operation {
        /// The libvips nickname of the operation.
        operation: String,
        /// libvips' text.
        detail: String,
    },
    /// libvips could not be initialised.
    #[error("libvips could not be started: {0}")]
    Start(String),
}

/// Takes the text of libvips' error buffer and empties it.
pub(crate) fn take_detail() -> String {
    // SAFETY: returns a g_malloc'ed C string that is ours, never null once libvips is loaded; checked all the same.
    unsafe {
        let text = ffi::vips_error_buffer_copy();
        if text.is_null() {
            return String::new();
        }
        let detail = CStr::from_ptr(text).to_string_lossy().trim().to_owned();
        ffi::g_free(text.cast());
        detail
    }
}

/// The error of a call that just failed.
pub(crate) fn failed(operation: &CStr) -> Error {
    Error::Operation { operation: operation.to_string_lossy().into_owned(), detail: take_detail() }
}
