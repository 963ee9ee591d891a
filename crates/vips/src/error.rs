//! Errors of libvips.

use std::ffi::CStr;

use libvips_rs::bindings as ffi;

/// The result of a libvips call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed libvips call.
///
/// `detail` is libvips' own text. libvips has one error buffer for all threads, so under load the text may contain
/// lines about another image: it is for logs, and must never reach a client. Only one fact is derived from it, here and
/// nowhere else: whether memory ran out, which libvips and its codecs report only as text. When several images are
/// computed at once, that text may belong to another image, whose memory ran out at the same moment.
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
    /// Memory for pixels or for a codec could not be allocated.
    #[error("{operation} ran out of memory: {detail}")]
    OutOfMemory {
        /// The libvips nickname of the operation.
        operation: String,
        /// libvips' text.
        detail: String,
    },
    /// libvips could not be initialised.
    #[error("libvips could not be started: {0}")]
    Start(String),
}

/// Returns the text of libvips' error buffer and clears it.
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

/// Messages of libvips and its codecs for a failed allocation: libvips and libwebp, libjpeg, libheif, cairo, and the C
/// library.
const OUT_OF_MEMORY: [&str; 5] = [
    "out of memory",
    "insufficient memory",
    "memory allocation error",
    "memory allocation failed",
    "cannot allocate memory",
];

/// What libheif adds to its message for a failed allocation where a file asks for more than is allowed.
const NOT_ALLOWED: &str = "security limit exceeded";

/// The error of a call that just failed.
pub(crate) fn failed(operation: &CStr) -> Error {
    classify(operation.to_string_lossy().into_owned(), take_detail())
}

/// Classifies the error of an operation by its text.
pub(crate) fn classify(operation: String, detail: String) -> Error {
    let text = detail.to_ascii_lowercase();
    if OUT_OF_MEMORY.iter().any(|words| text.contains(words)) && !text.contains(NOT_ALLOWED) {
        Error::OutOfMemory { operation, detail }
    } else {
        Error::Operation { operation, detail }
    }
}

impl Error {
    /// The error of a decoder outside libvips that could not open an image.
    pub fn of_decoder(is_out_of_memory: bool, detail: String) -> Self {
        let operation = "decode".into();
        if is_out_of_memory {
            Self::OutOfMemory { operation, detail }
        } else {
            Self::Operation { operation, detail }
        }
    }

    /// Whether an allocation failed, which says nothing about the image.
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_memory_is_detected() {
        for (detail, expected) in [
            ("vips_tracked: out of memory --- size == 4096MB", true),
            ("VipsJpeg: Insufficient memory (case 4)", true),
            ("heif: Memory allocation error", true),
            ("heif: Memory allocation error: Security limit exceeded: Image size 1x9 exceeds", false),
            ("VipsJpeg: premature end of JPEG image", false),
            ("", false),
        ] {
            assert_eq!(classify("x".into(), detail.into()).is_out_of_memory(), expected, "{detail}");
        }
    }
}
