//! Converts stored pixels to the types that the pipeline expects: 8 or 16 bits unsigned, straight alpha, an ICC profile
//! for any other colour space than sRGB.

use bytes::Bytes;
use vips::{BandFormat, Image, Interpretation};

use image_api::source::{Profile, SourceFormat};

use super::{
    colour_signalling::{self, ColourSignalling},
    heif, icc,
    samples::SampleScale,
};
use crate::error::{Error, Result};

/// Name of the embedded ICC profile in libvips' metadata.
const ICC: &std::ffi::CStr = c"icc-profile-data";

/// Conversions between the loader and the pipeline.
#[derive(Debug, Clone, Default)]
pub struct Normalization {
    /// Scales samples that are not unsigned integers of 8 or 16 bits.
    scale: Option<SampleScale>,
    /// Colours are premultiplied and have to be divided by alpha.
    premultiplied: bool,
    /// What happens to the embedded profile.
    profile: ProfileChange,
    /// Whether the profile replaces `gAMA` and `cHRM` of a PNG.
    calibration: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
enum ProfileChange {
    /// It is kept.
    #[default]
    Keep,
    /// It is removed.
    Remove,
    /// It is replaced by a profile for the colours that the file signals.
    Replace(Bytes),
}

impl Normalization {
    /// Detects what an image needs, and whether its colours must then be converted by a profile.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`](crate::Error::Unsupported) for samples that cannot be displayed.
    pub fn detect(format: SourceFormat, bytes: &Bytes, image: &Image) -> Result<(Self, Profile)> {
        let scale = SampleScale::detect(format, bytes, image)?;
        let premultiplied = format == SourceFormat::Heif
            && image.has_alpha()
            && heif::read(bytes).is_some_and(|container| container.premultiplied);
        let signal = colour_signalling::detect(format, bytes);
        let (profile, wanted) = match signal {
            _ if image.interpretation() == Interpretation::Cmyk => {
                (ProfileChange::Keep, icc::of_image(image))
            }
            ColourSignalling::None => (ProfileChange::Keep, icc::of_image(image)),
            ColourSignalling::Srgb if image.has(ICC) => (ProfileChange::Remove, Profile::Srgb),
            ColourSignalling::Srgb => (ProfileChange::Keep, Profile::Srgb),
            ColourSignalling::Encoded(encoding) | ColourSignalling::Calibrated(encoding) => {
                match icc::profile_for(&encoding) {
                    Some(profile) => (ProfileChange::Replace(profile.into()), Profile::Foreign),
                    None => (ProfileChange::Keep, icc::of_image(image)),
                }
            }
        };
        let calibration = matches!(signal, ColourSignalling::Calibrated(_));
        Ok((Self { scale, premultiplied, profile, calibration }, wanted))
    }

    /// Whether stored pixels need no conversion.
    pub fn is_identity(&self) -> bool {
        self.scale.is_none() && !self.premultiplied && self.profile == ProfileChange::Keep
    }

    /// Whether colours are converted according to `gAMA` and `cHRM` of a PNG.
    pub fn converts_png_calibration(&self) -> bool {
        self.calibration
    }

    /// Converts an image from a loader, pixel by pixel, so that it still streams.
    pub fn apply(&self, image: Image) -> Result<Image> {
        self.try_apply(image).map_err(Error::of_pixels)
    }

    fn try_apply(&self, image: Image) -> vips::Result<Image> {
        let image = match &self.scale {
            Some(scale) => scale.apply(&image)?,
            None => image,
        };
        let image = if self.premultiplied && image.has_alpha() {
            image.unpremultiply()?.cast(image.format())?
        } else {
            image
        };
        match &self.profile {
            ProfileChange::Keep => Ok(image),
            ProfileChange::Remove => image.edit(|edit| edit.remove(ICC)),
            ProfileChange::Replace(profile) => grey_to_rgb(image)?.edit(|edit| edit.set_block(ICC, profile)),
        }
    }
}

/// Converts grey to RGB. Converting grey by a profile is inaccurate in the dark if its curve differs much from
/// perceptual lightness (Little CMS samples it); converting RGB is exact.
fn grey_to_rgb(image: Image) -> vips::Result<Image> {
    let (grey, kind) = match image.bands() {
        1 | 2 if image.format() == BandFormat::Uchar => (image.extract_bands(0, 1)?, Interpretation::Srgb),
        1 | 2 => (image.extract_bands(0, 1)?, Interpretation::Rgb16),
        _ => return Ok(image),
    };
    let alpha = (image.bands() == 2).then(|| image.extract_bands(1, 1)).transpose()?;
    let bands: Vec<_> = [&grey, &grey, &grey].into_iter().chain(&alpha).collect();
    Image::bandjoin(&bands)?.interpret(kind)
}
