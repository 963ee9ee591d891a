//! What a client can show.

use serde::{Deserialize, Serialize};

/// What the client said it can show, beyond JPEG, PNG and GIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Accept {
    /// AVIF.
    pub avif: bool,
    /// WebP.
    pub webp: bool,
}
