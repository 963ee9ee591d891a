//! Errors of decoders and encoders.

/// The result of decoding or encoding.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an image could not be decoded or encoded. The texts are for logs, not for clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The encoded bytes are broken or truncated.
    #[error("{codec}: {detail}")]
    Broken {
        /// Name of the codec.
        codec: &'static str,
        /// What its library says.
        detail: String,
    },
    /// Memory could not be allocated.
    #[error("{codec}: out of memory")]
    OutOfMemory {
        /// Name of the codec.
        codec: &'static str,
    },
}

impl Error {
    /// Whether an allocation failed, which says nothing about the image.
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. })
    }

    pub(crate) fn broken(codec: &'static str, detail: impl Into<String>) -> Self {
        Self::Broken { codec, detail: detail.into() }
    }
}
