//! Operations that look at a whole pixel, at its place, or at the light around it.

use std::fmt::{self, Display, Formatter};

use super::{Matrix, curve, curve::Curve, light, luma, smoothstep};

/// One such operation.
#[derive(Debug, Clone, PartialEq)]
pub enum PixelOp {
    /// Colourfulness, more for dull pixels than for strong ones, less for skin.
    Vibrance(f32),
    /// Light into the shadows, in up to 1.8 stops; by the light around the pixel.
    FillFlash(f32),
    /// Shadows and highlights lifted or lowered; by the light around the pixel.
    ShadowsHighlights {
        /// Of shadows, -1 to 1.
        shadow: f32,
        /// Of highlights, -1 to 1.
        highlights: f32,
    },
    /// A tint for shadows and one for highlights, added.
    Split([f32; 3], [f32; 3]),
    /// Luma to colours between stops.
    Gradient(&'static [(f32, [u8; 3])]),
    /// Darker towards the corners.
    Vignette {
        /// How much.
        amount: f32,
        /// Where it begins, in half diagonals.
        from: f32,
        /// Where it is full.
        to: f32,
    },
    /// Grey laid over the desaturated picture.
    Bleach,
    /// The hue of one colour over the picture's luma, mixed in.
    Colorize {
        /// The colour.
        colour: [f32; 3],
        /// Its share, 0 to 1.
        share: f32,
    },
    /// Curves in the middle of other operations.
    Curve(Curve),
    /// A matrix in the middle of other operations.
    Matrix(Matrix),
}

/// What an operation may know of a pixel beside its colour.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Distance from the middle, in half diagonals.
    pub radius: f32,
    /// Luma of the neighbourhood that fill flash looks at.
    pub wide: f32,
    /// Luma of the neighbourhood that shadows and highlights look at.
    pub near: f32,
}

/// Stops of light that a full fill flash adds to black surroundings.
const FLASH_STOPS: f32 = 1.8;

/// Light above this is compressed by a fill flash instead of clipped.
const FLASH_SHOULDER: f32 = 0.6;

/// Hue of skin and its width, in degrees, that vibrance spares.
const SKIN_HUE: f32 = 25.0;
const SKIN_WIDTH: f32 = 18.0;

impl PixelOp {
    /// Whether the light around a pixel is asked for, and how wide around.
    pub fn needs_mask(&self) -> bool {
        matches!(self, Self::FillFlash(_) | Self::ShadowsHighlights { .. })
    }

    /// The new colour.
    pub fn apply(&self, colour: [f32; 3], place: Place) -> [f32; 3] {
        match self {
            Self::Vibrance(amount) => vibrance(colour, *amount),
            Self::FillFlash(amount) => fill_flash(colour, *amount, place.wide),
            Self::ShadowsHighlights { shadow, highlights } => {
                shadows_highlights(colour, *shadow, *highlights, place.near)
            }
            Self::Split(shadows, highlights) => split(colour, *shadows, *highlights),
            Self::Gradient(stops) => gradient(stops, luma(colour)),
            Self::Vignette { amount, from, to } => {
                let light = 1.0 - amount * smoothstep(*from, *to, place.radius);
                colour.map(|value| value * light)
            }
            Self::Bleach => bleach(colour),
            Self::Colorize { colour: tint, share } => colorize(colour, *tint, *share),
            Self::Curve(curve) => curve::chain(std::slice::from_ref(curve), colour),
            Self::Matrix(matrix) => matrix.apply(colour),
        }
        .map(|value| value.clamp(0.0, 1.0))
    }
}

fn vibrance(colour: [f32; 3], amount: f32) -> [f32; 3] {
    let [red, green, blue] = colour;
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let strength = (most - least) / most.max(1e-6);
    let spared = if amount > 0.0 { 1.0 - 0.5 * skin(colour, most, most - least) } else { 1.0 };
    let factor = 1.0 + amount * (1.0 - strength).powf(1.5) * spared;
    let grey = luma(colour);
    colour.map(|value| grey + (value - grey) * factor)
}

/// How much a hue is skin's, 0 to 1.
fn skin([red, green, blue]: [f32; 3], most: f32, chroma: f32) -> f32 {
    let chroma = chroma.max(1e-6);
    let sixth = if most <= red {
        ((green - blue) / chroma).rem_euclid(6.0)
    } else if most <= green {
        (blue - red) / chroma + 2.0
    } else {
        (red - green) / chroma + 4.0
    };
    (-((sixth * 60.0 - SKIN_HUE) / SKIN_WIDTH).powi(2)).exp()
}

fn fill_flash(colour: [f32; 3], amount: f32, around: f32) -> [f32; 3] {
    let gain = (FLASH_STOPS * amount * (1.0 - smoothstep(0.08, 0.62, around))).exp2();
    let shoulder = 1.0 - FLASH_SHOULDER;
    colour.map(|value| {
        let lit = light::linear(value) * gain;
        let bent = if lit > FLASH_SHOULDER {
            FLASH_SHOULDER + shoulder * ((lit - FLASH_SHOULDER) / shoulder).tanh()
        } else {
            lit
        };
        light::encoded(bent)
    })
}

fn shadows_highlights(colour: [f32; 3], shadow: f32, highlights: f32, around: f32) -> [f32; 3] {
    let grey = luma(colour);
    let (dark, bright) = (1.0 - smoothstep(0.0, 0.55, around), smoothstep(0.45, 1.0, around));
    let lift = 1.3 * shadow * dark * grey * (1.0 - grey).powf(1.5);
    let shine = 1.3 * highlights * bright * grey.powf(1.5) * (1.0 - grey);
    let factor = (grey + lift + shine) / grey.max(1.0 / 255.0);
    colour.map(|value| value * factor)
}

fn split(colour: [f32; 3], shadows: [f32; 3], highlights: [f32; 3]) -> [f32; 3] {
    let grey = luma(colour);
    let (dark, bright) = ((1.0 - grey).powi(2), grey.powi(2));
    std::array::from_fn(|channel| colour[channel] + dark * shadows[channel] + bright * highlights[channel])
}

fn gradient(stops: &[(f32, [u8; 3])], grey: f32) -> [f32; 3] {
    let after = stops.iter().position(|(at, _)| *at >= grey).unwrap_or(stops.len() - 1).max(1);
    let ((low, from), (high, to)) = (stops[after - 1], stops[after]);
    let part = ((grey - low) / (high - low)).clamp(0.0, 1.0);
    std::array::from_fn(|channel| {
        let (from, to) = (f32::from(from[channel]) / 255.0, f32::from(to[channel]) / 255.0);
        from + part * (to - from)
    })
}

fn bleach(colour: [f32; 3]) -> [f32; 3] {
    let grey = luma(colour);
    let dull = Matrix::saturation(-0.55).apply(colour).map(|value| value.clamp(0.0, 1.0));
    dull.map(|value| {
        let over = if grey < 0.5 { 2.0 * value * grey } else { 1.0 - 2.0 * (1.0 - value) * (1.0 - grey) };
        0.8 * over.clamp(0.0, 1.0) + 0.2 * value
    })
}

fn colorize(colour: [f32; 3], tint: [f32; 3], share: f32) -> [f32; 3] {
    let (grey, own) = (luma(colour), luma(tint));
    std::array::from_fn(|channel| {
        let tinted = if grey < own {
            tint[channel] * grey / own.max(1e-3)
        } else {
            tint[channel] + (1.0 - tint[channel]) * (grey - own) / (1.0 - own).max(1e-3)
        };
        colour[channel] * (1.0 - share) + tinted * share
    })
}

impl Display for PixelOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vibrance(amount) => write!(f, "vibrance {amount}"),
            Self::FillFlash(amount) => write!(f, "fill flash {amount}"),
            Self::ShadowsHighlights { shadow, highlights } => {
                write!(f, "shadow {shadow}, highlights {highlights}")
            }
            Self::Split(..) => write!(f, "split tones"),
            Self::Gradient(_) => write!(f, "gradient of luma"),
            Self::Vignette { amount, .. } => write!(f, "vignette {amount}"),
            Self::Bleach => write!(f, "bleach"),
            Self::Colorize { share, .. } => write!(f, "colorize {share}"),
            Self::Curve(curve) => write!(f, "{curve}"),
            Self::Matrix(matrix) => write!(f, "matrix {matrix}"),
        }
    }
}
