//! The steps of a plan: each takes a picture and gives a picture, with every number worked out.

use std::fmt::{self, Display, Formatter};

use super::{geometry::Canvas, overlay::Overlay, tone::Tone};
use crate::{
    orientation::Orientation,
    params::value::colour::Colour,
    size::{Rect, Size, Span},
    source::Profile,
};

/// One step. Their order is in `plan/pipeline.rs`.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Makes red pupils dark. In pixels of the decoded picture.
    CorrectRedEyes(Vec<Eye>),
    /// Keeps a part of the decoded picture.
    Extract(Rect),
    /// Scales.
    Resize(Resize),
    /// Scales a picture of which only the most interesting part is kept, which is located before it is enlarged: afterwards
    /// there is no more to see, and the whole of an enlarged picture may be of any size.
    EnlargeInteresting(EnlargeInteresting),
    /// Keeps a rectangle.
    Crop(Rect),
    /// Converts to 8-bit sRGB or grey.
    ConvertToSrgb(Profile),
    /// Gives the pixels what a colour that is painted later needs: three colour bands, an alpha band.
    PreparePaint(Paint),
    /// Mirrors and turns by right angles.
    Orient(Orientation),
    /// Turns by any other angle.
    Rotate(Rotate),
    /// Keeps the most interesting part of this size.
    CropInteresting(Size),
    /// Puts it on a larger canvas.
    Embed {
        /// The canvas, and where the picture lies on it.
        canvas: Canvas,
        /// The colour of the bars.
        background: Colour,
    },
    /// Corrects tone and colour, in this order.
    Tone(Vec<Tone>),
    /// A gaussian blur of this standard deviation, in pixels.
    Blur(f64),
    /// Sharpens what a blur left.
    Sharpen(Sharpen),
    /// Lays pictures and texts over it.
    Overlay {
        /// Size of the picture that they were placed on.
        base: Size,
        /// The lowest first.
        overlays: Vec<Overlay>,
    },
    /// Adds a border.
    Pad {
        /// Its width in pixels.
        pixels: u32,
        /// Its colour.
        background: Colour,
    },
    /// Removes alpha: what was transparent shows this colour.
    Flatten(Colour),
}

/// Scaling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resize {
    /// The size afterwards.
    pub size: Size,
    /// What exactly is scaled, in pixels of the picture, when its edges lie between them: a decoder's divisor need not
    /// divide a side. Never enlarged. The whole picture if absent.
    pub from: Option<Span>,
}

/// Enlarging around what is interesting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnlargeInteresting {
    /// How the whole picture would be scaled, as it is stored.
    pub resize: Resize,
    /// Size of the part that is kept, upright.
    pub window: Size,
    /// What makes the picture upright: it is looked at that way.
    pub orientation: Orientation,
    /// What converts its colours: they are looked at as they are seen.
    pub profile: Profile,
}

/// What a colour that is painted needs of the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// The colour.
    pub background: Colour,
    /// Whether it lets something through and so needs an alpha band.
    pub translucent: bool,
}

/// A turn by something else than right angles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotate {
    /// Clockwise.
    pub degrees: f64,
    /// The canvas afterwards.
    pub size: Size,
    /// What becomes of its corners.
    pub corners: Corners,
}

/// The corners of a turned picture's canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corners {
    /// They are painted.
    Painted(Colour),
    /// They are cut off: nothing is painted that could shine into what is left.
    Cut,
}

/// An eye, in pixels of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eye {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// How far it is from the other one: what sizes are measured by.
    pub distance: f64,
}

/// How strong and how wide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sharpen {
    /// How often the difference to the blurred picture is added.
    pub strength: f64,
    /// Of the blur, in pixels.
    pub sigma: f64,
}

impl Step {
    /// Whether pixels stay as they are, but for the conversion of colours.
    pub fn keeps_pixels(&self) -> bool {
        matches!(self, Self::ConvertToSrgb(_))
    }

    /// Whether it says nothing to a reader: pixels that are sRGB already are not converted.
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
            Some(from) => write!(f, "resize {:.3} × {:.3} to {}", from.width, from.height, self.size),
            None => write!(f, "resize to {}", self.size),
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
