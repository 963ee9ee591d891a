//! What libvips says when something fails.

use std::ffi::CStr;

use libvips_rs::bindings as ffi;

/// The result of a libvips call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed libvips call.
///
/// `detail` is libvips' own text. Its error buffer is one for all threads, so under load the text may hold lines of
/// another image: it is for the log and must never reach a client. One thing is read from it, here and nowhere else:
/// whether memory ran out, which libvips and its codecs tell by words alone. Where several images are computed at once, the
/// words may be another image's, whose memory ran out at the same moment.
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
    /// Memory for pixels, or of a codec, could not be had.
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

/// What libvips and its codecs say when an allocation fails: libvips itself and libwebp, libjpeg, libheif, cairo, and
/// the C library.
const OUT_OF_MEMORY: [&str; 5] = [
    "out of memory",
    "insufficient memory",
    "memory allocation error",
    "memory allocation failed",
    "cannot allocate memory",
];

/// The error of a call that just failed.
pub(crate) fn failed(operation: &CStr) -> Error {
    told(operation.to_string_lossy().into_owned(), take_detail())
}

/// The error of an operation, by what libvips says.
pub(crate) fn told(operation: String, detail: String) -> Error {
    let text = detail.to_ascii_lowercase();
    if OUT_OF_MEMORY.iter().any(|words| text.contains(words)) {
        Error::OutOfMemory { operation, detail }
    } else {
        Error::Operation { operation, detail }
    }
}

impl Error {
    /// Whether memory could not be had: nothing is said about the picture.
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_of_memory_is_told_apart() {
        for (detail, expected) in [
            ("vips_tracked: out of memory --- size == 4096MB", true),
            ("VipsJpeg: Insufficient memory (case 4)", true),
            ("heif: Memory allocation error", true),
            ("VipsJpeg: premature end of JPEG image", false),
            ("", false),
        ] {
            assert_eq!(told("x".into(), detail.into()).is_out_of_memory(), expected, "{detail}");
        }
    }
}
