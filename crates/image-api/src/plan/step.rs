//! The steps of a plan: each maps an image to an image, with every number computed.

use std::fmt::{self, Display, Formatter};

use super::{geometry::Canvas, overlay::Overlay, tone::Tone};
use crate::{
    orientation::Orientation,
    params::value::colour::Colour,
    size::{Rect, Size, Span},
    source::Profile,
};

/// One step. Their order is defined in `plan/pipeline.rs`.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Corrects red eyes, in pixels of the decoded image.
    CorrectRedEyes(Vec<Eye>),
    /// Crops the decoded image.
    Extract(Rect),
    /// Resizes.
    Resize(Resize),
    /// Upscales an image of which only the most interesting part is kept. That part is located before upscaling, which
    /// adds no detail, so the size of the whole upscaled image is not limited.
    EnlargeInteresting(EnlargeInteresting),
    /// Crops a rectangle.
    Crop(Rect),
    /// Converts to 8-bit sRGB or greyscale.
    ConvertToSrgb(Profile),
    /// Adds the bands that a colour painted later needs: RGB, alpha.
    PreparePaint(Paint),
    /// Mirrors, and rotates by right angles.
    Orient(Orientation),
    /// Rotates by any other angle.
    Rotate(Rotate),
    /// Crops the most interesting part of this size.
    CropInteresting(Size),
    /// Embeds the image in a larger canvas.
    Embed {
        /// The canvas, and the position of the image on it.
        canvas: Canvas,
        /// The colour of the padding.
        background: Colour,
    },
    /// Corrects tone and colour, in this order.
    Tone(Vec<Tone>),
    /// Gaussian blur with this sigma, in pixels.
    Blur(f64),
    /// Unsharp mask.
    Sharpen(Sharpen),
    /// Draws overlays.
    Overlay {
        /// Size of the image that they are positioned on.
        base: Size,
        /// The overlays, the bottom one first.
        overlays: Vec<Overlay>,
    },
    /// Adds a border.
    Pad {
        /// Its width in pixels.
        pixels: u32,
        /// Its colour.
        background: Colour,
    },
    /// Removes alpha: composites onto this colour.
    Flatten(Colour),
}

/// A resize.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resize {
    /// The size afterwards.
    pub size: Size,
    /// The exact part that is scaled, in pixels of the image, if its edges are fractional, as with shrink-on-load of a
    /// side that is no multiple of the divisor. Never upscaled. `None` for the whole image.
    pub from: Option<Span>,
    /// What scales.
    pub by: Resampler,
}

/// What scales an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resampler {
    /// libvips, in a stream.
    Libvips,
    /// The crate `fast_image_resize`, between a decoder beside libvips and libvips: the whole decoded image is in memory.
    FastImageResize,
}

/// Upscaling of the most interesting part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnlargeInteresting {
    /// How the whole image would be scaled, as stored.
    pub resize: Resize,
    /// Size of the kept part, upright.
    pub window: Size,
    /// The orientation: the image is analysed upright.
    pub orientation: Orientation,
    /// The colour conversion: the image is analysed in sRGB.
    pub profile: Profile,
}

/// The bands that a painted colour needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// The colour.
    pub background: Colour,
    /// Whether the colour is translucent and so needs an alpha band.
    pub translucent: bool,
}

/// A rotation by an angle other than a right angle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotate {
    /// Clockwise degrees.
    pub degrees: f64,
    /// The canvas after it.
    pub size: Size,
    /// The treatment of its corners.
    pub corners: Corners,
}

/// The blank corners of a rotated image's canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corners {
    /// Filled with this colour.
    Painted(Colour),
    /// Cropped off afterwards: the edges are extended, so that no colour bleeds into the rest.
    Cut,
}

/// An eye, in pixels of the image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eye {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// Distance to the other eye, the unit for sizes.
    pub distance: f64,
}

/// Parameters of an unsharp mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sharpen {
    /// Factor on the difference to the blurred image.
    pub strength: f64,
    /// Sigma of the blur, in pixels.
    pub sigma: f64,
}

impl Step {
    /// Whether pixels are unchanged, except for colour conversion.
    pub fn keeps_pixels(&self) -> bool {
        matches!(self, Self::ConvertToSrgb(_))
    }

    /// Whether it is omitted from the text of a plan: the conversion of pixels that are sRGB already.
    pub fn is_implicit(&self) -> bool {
        matches!(self, Self::ConvertToSrgb(Profile::Srgb))
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::CorrectRedEyes(eyes) => write!(f, "correct what is red of {} eyes", eyes.len()),
            Self::Extract(rect) => write!(f, "keep {rect}"),
            Self::Resize(resize) => write!(f, "{resize}"),
            Self::EnlargeInteresting(EnlargeInteresting { resize, window, .. }) => {
                write!(f, "{resize}, and of that only the most interesting {window}")
            }
            Self::Crop(rect) => write!(f, "cut {rect}"),
            Self::ConvertToSrgb(Profile::Foreign) => write!(f, "convert by its profile to sRGB"),
            Self::ConvertToSrgb(Profile::Srgb) => write!(f, "sRGB already"),
            Self::PreparePaint(Paint { background, .. }) => write!(f, "paint #{}", hex(*background)),
            Self::Orient(orientation) => write!(f, "{}", turns(*orientation)),
            Self::Rotate(Rotate { degrees, size, .. }) => write!(f, "turn {degrees:.4}° clockwise: {size}"),
            Self::CropInteresting(size) => write!(f, "cut the most interesting {size}"),
            Self::Embed { canvas, .. } => {
                write!(f, "put on a canvas of {} at {},{}", canvas.size, canvas.left, canvas.top)
            }
            Self::Tone(tones) => listed(f, tones),
            Self::Blur(sigma) => write!(f, "blur, sigma {sigma:.2} px"),
            Self::Sharpen(Sharpen { strength, sigma }) => {
                write!(f, "sharpen by {strength:.2}, sigma {sigma:.2} px")
            }
            Self::Overlay { overlays, .. } => listed(f, overlays),
            Self::Pad { pixels, .. } => write!(f, "pad {pixels} px on each side"),
            Self::Flatten(background) => write!(f, "flatten onto #{}", &hex(*background)[..6]),
        }
    }
}

impl Display for Resize {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.from {
            Some(from) => write!(f, "resize {:.3} × {:.3} to {}", from.width, from.height, self.size)?,
            None => write!(f, "resize to {}", self.size)?,
        }
        match self.by {
            Resampler::Libvips => Ok(()),
            Resampler::FastImageResize => write!(f, " by fast_image_resize"),
        }
    }
}

/// One item per line.
fn listed(f: &mut Formatter<'_>, items: &[impl Display]) -> fmt::Result {
    let lines: Vec<_> = items.iter().map(ToString::to_string).collect();
    f.write_str(&lines.join("\n"))
}

fn hex(Colour { red, green, blue, alpha }: Colour) -> String {
    format!("{red:02x}{green:02x}{blue:02x}{alpha:02x}")
}

fn turns(orientation: Orientation) -> String {
    let mirrored = orientation.mirrored.then(|| "mirror".to_owned());
    let quarters = u32::from(orientation.quarters);
    let turned = (quarters > 0).then(|| format!("turn {}° clockwise", quarters * 90));
    mirrored.into_iter().chain(turned).collect::<Vec<_>>().join(", ")
}
