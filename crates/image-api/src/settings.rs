//! Settings of the operator: limits on images, and encoder settings.

pub mod quality_auto;
pub mod refine;

use std::time::Duration;

use bytesize::ByteSize;
use config_types::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{quality_auto::QualityAuto, refine::Refine};
use crate::source::Codec;

/// Limits on images, checked on headers before decoding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Pixels of one frame of the original, of an intermediate image that is rotated before it is cropped, of all
    /// layers together, and of the rendered part and the surfaces of an SVG. An image that is cropped without rotation
    /// is scaled only where it is kept, and user units of an SVG are not pixels.
    pub max_pixels: u64,
    /// Pixels of the output, of one frame.
    pub max_output_pixels: u64,
    /// Pixels of an AVIF output, also with `format=avif`: on one slow core, encoding has to end well before the
    /// deadline. Measured at `output.avif_effort = 0`, the default; set it lower for higher efforts.
    pub max_avif_pixels: u64,
    /// Pixels of all frames of a GIF output, animated or not.
    pub max_gif_pixels: u64,
    /// Pixels of one side of the output. An SVG that states more is treated as the largest allowed size of its aspect
    /// ratio.
    pub max_side: u32,
    /// Frames of an animation.
    pub max_frames: u32,
    /// Pixels of all frames of an animation together: the number of frames times the largest of the original's frame,
    /// the scaled frame and the output frame. Also of videos.
    pub max_animation_pixels: u64,
    /// Work of rendering an SVG, in units of about a nanosecond on one core: filters, patterns, paths, embedded images
    /// and other content, counted in the document at the requested size before it is rendered.
    pub max_svg_work: u64,
    /// Images and texts in `layers`, including nested ones.
    pub max_layers: u32,
    /// Bytes of an original, of an SVG after decompression; `64MiB` or a number of bytes.
    #[schemars(with = "String")]
    pub max_bytes: ByteSize,
    /// Time from the arrival of a request to its response; `20s`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 80_000_000,
            max_output_pixels: 40_000_000,
            max_avif_pixels: 16_000_000,
            max_gif_pixels: 16_000_000,
            max_side: 12_000,
            max_frames: 500,
            max_animation_pixels: 100_000_000,
            max_svg_work: 5_000_000_000,
            max_layers: 20,
            max_bytes: ByteSize::mib(64),
            deadline: Duration::from_secs(20),
        }
    }
}

/// Output formats and encoder settings. The defaults come from measurements of CPU time against bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Output {
    /// Whether `format=auto` may select AVIF.
    pub avif: bool,
    /// Largest output in pixels for which `format=auto` selects AVIF: above it the encoding time outweighs the saved
    /// bytes.
    pub avif_max_pixels: u64,
    /// Effort of the AVIF encoder, 0 (fast) to 9.
    pub avif_effort: u8,
    /// Effort of the WebP encoder, 0 (fast) to 6.
    pub webp_effort: u8,
    /// Compression level of PNG, 0 (none) to 9.
    pub png_compression: u8,
    /// Effort of the GIF encoder's palette search, 1 (fast) to 10. Above 4 megapixels, all frames together, it is 1.
    pub gif_effort: u8,
    /// Whether an SVG that is requested without parameters is served as it is, with a content security policy that
    /// disables scripts and external content. Off: it is rendered as PNG.
    pub svg_passthrough: bool,
    /// Whether the original is served instead of a larger encoding of the same pixels in the same format, where that
    /// satisfies the request. Never while `params.allow_original` is off.
    pub never_larger: bool,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            avif: true,
            avif_max_pixels: 2_000_000,
            avif_effort: 0,
            webp_effort: 2,
            png_compression: 2,
            gif_effort: 3,
            svg_passthrough: false,
            never_larger: true,
        }
    }
}

/// What happens to an animation that exceeds its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverBudget {
    /// Its first frame is served.
    #[default]
    FirstFrame,
    /// The original is served unmodified, whatever was requested.
    PassThrough,
    /// The request is refused.
    Error,
}

/// Settings of animations.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Animation {
    /// What happens to an animation over `limits.max_frames`, `limits.max_animation_pixels` or `limits.max_gif_pixels`.
    pub over_budget: OverBudget,
}

/// What descriptions of images state about the server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Meta {
    /// The value of `server.host` in descriptions (`meta=true`), such as the name of the node. Empty by default: the
    /// name of the machine is not disclosed unless it is set here.
    pub host: String,
}

/// Which images are decoded and encoded beside libvips, by faster libraries. Each can be turned off, for example after a
/// report of a vulnerability in it: libvips then does its work.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches that do not depend on each other")]
pub struct Codecs {
    /// Still WebP is decoded by libwebp.
    pub libwebp: bool,
    /// AVIF is decoded by dav1d.
    pub dav1d: bool,
    /// PNG is decoded by libdeflate, or by `fdeflate` above 16 MiB of pixels, and encoded by libdeflate.
    pub png: bool,
    /// JPEG is decoded and encoded by libjpeg-turbo.
    pub libjpeg_turbo: bool,
    /// What these decode is scaled down by the crate `fast_image_resize`, if it takes at most 16 MiB of memory.
    pub fast_image_resize: bool,
}

impl Default for Codecs {
    fn default() -> Self {
        Self { libwebp: true, dav1d: true, png: true, libjpeg_turbo: true, fast_image_resize: true }
    }
}

impl Codecs {
    /// Whether a codec may be used.
    pub fn allows(&self, codec: Codec) -> bool {
        match codec {
            Codec::Libwebp => self.libwebp,
            Codec::Dav1d => self.dav1d,
            Codec::Png => self.png,
            Codec::LibjpegTurbo => self.libjpeg_turbo,
        }
    }
}

/// All settings of image processing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Settings {
    /// Limits.
    pub limits: Limits,
    /// Encoders.
    pub output: Output,
    /// Settings of animations.
    pub animation: Animation,
    /// Settings of descriptions.
    pub meta: Meta,
    /// Decoders and encoders beside libvips.
    pub codecs: Codecs,
    /// Automatic quality.
    pub quality_auto: QualityAuto,
    /// The second pass.
    pub refine: Refine,
}

impl Limits {
    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<Problem> {
        let positive = [
            ("limits.max_pixels", self.max_pixels),
            ("limits.max_output_pixels", self.max_output_pixels),
            ("limits.max_avif_pixels", self.max_avif_pixels),
            ("limits.max_gif_pixels", self.max_gif_pixels),
            ("limits.max_side", self.max_side.into()),
            ("limits.max_frames", self.max_frames.into()),
            ("limits.max_animation_pixels", self.max_animation_pixels),
            ("limits.max_svg_work", self.max_svg_work),
            ("limits.max_layers", self.max_layers.into()),
            ("limits.max_bytes", self.max_bytes.as_u64()),
            ("limits.deadline", self.deadline.as_millis() as u64),
        ];
        let zero = positive.into_iter().filter(|(_, value)| *value == 0);
        let mut problems: Vec<_> = zero.map(|(key, _)| Problem::expected(key, "at least 1", 0)).collect();
        if self.max_side > crate::params::size::width::MAX_SIDE {
            problems.push(Problem::expected("limits.max_side", "at most 65535", self.max_side));
        }
        problems
    }
}

impl Output {
    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<Problem> {
        [
            ("output.avif_effort", self.avif_effort, 0, 9),
            ("output.webp_effort", self.webp_effort, 0, 6),
            ("output.png_compression", self.png_compression, 0, 9),
            ("output.gif_effort", self.gif_effort, 1, 10),
        ]
        .into_iter()
        .filter(|(_, value, low, high)| value < low || value > high)
        .map(|(key, value, low, high)| Problem::expected(key, format_args!("{low} to {high}"), value))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_all_problems_are_reported() {
        assert!(Limits::default().problems().is_empty() && Output::default().problems().is_empty());
        let limits = Limits { max_pixels: 0, max_side: 70_000, ..Limits::default() };
        assert_eq!(limits.problems().len(), 2);
        assert_eq!(Output { avif_effort: 10, gif_effort: 0, ..Output::default() }.problems().len(), 2);
    }
}
