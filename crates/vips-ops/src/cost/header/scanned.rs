//! What a scan of a header finds.

use image_api::{
    orientation::Orientation,
    size::Size,
    source::{Codec, Profile, Storage},
};

/// The result of a format's scanner.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScannedHeader {
    pub(super) size: Size,
    pub(super) frames: u32,
    pub(super) orientation: Orientation,
    pub(super) alpha: bool,
    pub(super) storage: Storage,
    pub(super) profile: Profile,
    pub(super) pixel_bytes: u32,
    pub(super) passes: u32,
    pub(super) lossless: bool,
    /// The decoder beside libvips that takes it, as far as a scan can tell.
    pub(super) codec: Option<Codec>,
}

impl ScannedHeader {
    /// An upright, opaque still image in 8-bit sRGB.
    pub(super) fn still(width: u32, height: u32) -> Self {
        Self {
            size: Size { width, height },
            frames: 1,
            orientation: Orientation::default(),
            alpha: false,
            storage: Storage::Direct,
            profile: Profile::Srgb,
            pixel_bytes: 3,
            passes: 1,
            lossless: false,
            codec: None,
        }
    }

    /// Sets whether there is an alpha channel.
    pub(super) fn alpha(self, alpha: bool) -> Self {
        Self { alpha, pixel_bytes: if alpha { 4 } else { 3 }, ..self }
    }
}
