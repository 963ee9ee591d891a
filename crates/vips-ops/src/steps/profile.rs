//! Colours to 8-bit sRGB (or grey), whatever they came in.

use vips::{BandFormat, Image, Interpretation, Result, ops::Intent};

use crate::source::Profile;

/// Name of the embedded colour profile in libvips' metadata.
const ICC: &std::ffi::CStr = c"icc-profile-data";

/// Converts. The profile goes with the conversion: what has none is sRGB to everybody.
pub fn to_srgb(image: &Image, profile: Profile) -> Result<Image> {
    let by_profile = profile == Profile::Foreign || image.interpretation() == Interpretation::Cmyk;
    if by_profile && let Ok(converted) = image.icc_to_srgb(Intent::Relative) {
        return plain(&converted)?.edit(|edit| edit.remove(ICC));
    }
    // a profile that does not fit its picture is as good as none, and that of sRGB says what everybody takes for granted
    plain(image)?.edit(|edit| edit.remove(ICC))
}

/// By libvips' own formulas, for pictures without a profile.
fn plain(image: &Image) -> Result<Image> {
    let converted = match image.interpretation() {
        Interpretation::Srgb | Interpretation::Grey => image.clone(),
        Interpretation::Grey16 => image.colourspace(Interpretation::Grey)?,
        _ => image.colourspace(Interpretation::Srgb)?,
    };
    if converted.format() == BandFormat::Uchar { Ok(converted) } else { converted.cast(BandFormat::Uchar) }
}

/// Three colour bands where there is one, so that a colour can be painted.
pub fn coloured(image: Image) -> Result<Image> {
    if image.interpretation() == Interpretation::Grey {
        image.colourspace(Interpretation::Srgb)
    } else {
        Ok(image)
    }
}
