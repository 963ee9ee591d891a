//! Colour conversion to 8-bit sRGB or greyscale.

use vips::{BandFormat, Image, Interpretation, Result, ops::Intent};

use crate::source::Profile;

/// Name of the embedded ICC profile in libvips' metadata.
const ICC: &std::ffi::CStr = c"icc-profile-data";

/// Converts to 8-bit sRGB or greyscale and removes the profile: images without one are interpreted as sRGB.
pub fn to_srgb(image: &Image, profile: Profile) -> Result<Image> {
    let by_profile = profile == Profile::Foreign || image.interpretation() == Interpretation::Cmyk;
    if by_profile && let Ok(converted) = image.icc_to_srgb(Intent::Relative) {
        return plain(&converted)?.edit(|edit| edit.remove(ICC));
    }
    // a profile that does not match the image is ignored, and an sRGB profile is redundant
    plain(image)?.edit(|edit| edit.remove(ICC))
}

/// Converts by libvips' own formulas, for images without a profile.
fn plain(image: &Image) -> Result<Image> {
    let converted = match image.interpretation() {
        Interpretation::Srgb | Interpretation::Grey => image.clone(),
        Interpretation::Grey16 => image.colourspace(Interpretation::Grey)?,
        _ => image.colourspace(Interpretation::Srgb)?,
    };
    if converted.format() == BandFormat::Uchar { Ok(converted) } else { converted.cast(BandFormat::Uchar) }
}

/// Converts greyscale to RGB, so that a colour can be painted.
pub fn coloured(image: Image) -> Result<Image> {
    if image.interpretation() == Interpretation::Grey {
        image.colourspace(Interpretation::Srgb)
    } else {
        Ok(image)
    }
}
