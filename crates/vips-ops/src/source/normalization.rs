//! What makes usual pixels of stored ones before anything else looks at them.

use bytes::Bytes;
use vips::{BandFormat, Image, Interpretation};

use super::{
    Profile, SourceFormat,
    colour_signalling::{self, ColourSignalling},
    heif, icc,
    samples::SampleScale,
};
use crate::error::{Error, Result};

/// Name of the embedded colour profile in libvips' metadata.
const ICC: &std::ffi::CStr = c"icc-profile-data";

/// Steps between loader and plan.
#[derive(Debug, Clone, Default)]
pub struct Normalization {
    /// Samples that are no unsigned numbers of 8 or 16 bits are scaled to such.
    scale: Option<SampleScale>,
    /// Colours are multiplied by alpha and have to be divided by it.
    premultiplied: bool,
    /// What the embedded profile is replaced by.
    profile: ProfileChange,
    /// Whether that is for `gAMA` and `cHRM` of a PNG.
    calibration: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
enum ProfileChange {
    /// It stays.
    #[default]
    Keep,
    /// None.
    Remove,
    /// One that was written for what the file signals.
    Replace(Bytes),
}

impl Normalization {
    /// What a picture needs, opened with its first loader, and whether its colours must then be converted.
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

    /// Whether stored pixels are usual ones.
    pub fn is_identity(&self) -> bool {
        self.scale.is_none() && !self.premultiplied && self.profile == ProfileChange::Keep
    }

    /// Whether colours are converted by `gAMA` and `cHRM` of a PNG.
    pub fn converts_png_calibration(&self) -> bool {
        self.calibration
    }

    /// Prepares what a loader gives, pixel by pixel: pictures still stream.
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

/// Red, green and blue where there is grey. The conversion of grey by a profile is coarse in the dark when its curve is
/// not close to that of sight (Little CMS samples it), that of three colours is exact.
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
