//! Whether pixels are sRGB as they stand.

use vips::{Image, Interpretation};

use crate::source::icc;

/// What the embedded colour profile asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// None is embedded, or it is sRGB itself: nothing to convert.
    Srgb,
    /// Pixels must be converted by the embedded profile.
    Foreign,
}

impl Profile {
    pub(super) fn of(image: &Image) -> Self {
        let grey = matches!(image.interpretation(), Interpretation::Grey | Interpretation::Grey16);
        match image.block(c"icc-profile-data") {
            Some(profile) if grey || !is_srgb(profile) => Self::Foreign,
            _ => Self::Srgb,
        }
    }
}

/// Whether an ICC profile describes itself as sRGB.
fn is_srgb(profile: &[u8]) -> bool {
    icc::text(profile, *b"desc").is_some_and(|text| text.starts_with("sRGB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_name_tells() {
        let named = |name: &str| is_srgb(&icc::written(&[(*b"desc", name)]));
        assert!(named("sRGB") && named("sRGB IEC61966-2.1"));
        assert!(!named("Display P3") && !is_srgb(b""));
    }
}
