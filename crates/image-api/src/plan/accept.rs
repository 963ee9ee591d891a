//! Formats that a client accepts.

use serde::{Deserialize, Serialize};

/// The formats that the client accepts, in addition to JPEG, PNG and GIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Accept {
    /// AVIF.
    pub avif: bool,
    /// WebP.
    pub webp: bool,
}
