//! Operations on a whole pixel (all channels), its position, or the luminance around it.

use std::sync::LazyLock;

use super::{
    approx,
    block::Block,
    curve::{self, Curve},
    luma::{luma, smoothstep},
    matrix::Matrix,
    srgb,
};

/// One operation on a pixel. Strengths are from -1 to 1 unless stated otherwise; 0 changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum PixelOp {
    /// Saturation that acts more on dull pixels than on saturated ones, and less on skin tones.
    Vibrance(f32),
    /// Fill light for the shadows, 0 to 1: up to [`FLASH_STOPS`] stops, depending on the local luminance.
    FillFlash(f32),
    /// Shadows and highlights lifted or lowered, depending on the local luminance.
    ShadowsHighlights {
        /// Strength in the shadows, -1 to 1.
        shadow: f32,
        /// Strength in the highlights, -1 to 1.
        highlights: f32,
    },
    /// Split toning: offsets added to red, green and blue in the shadows (first) and in the highlights (second).
    Split([f32; 3], [f32; 3]),
    /// Gradient map: luma is replaced by a colour interpolated between stops (position 0 to 1, 8-bit RGB).
    Gradient(&'static [(f32, [u8; 3])]),
    /// Vignette: darkens towards the corners.
    Vignette {
        /// Part of the light removed at `to`, 0 to 1.
        amount: f32,
        /// Radius at which it begins, in half diagonals.
        from: f32,
        /// Radius at which it reaches full strength, in half diagonals.
        to: f32,
    },
    /// Bleach bypass: the luma blended in overlay mode over a desaturated copy.
    Bleach,
    /// Tints the image with one colour, keeping its luma.
    Colorize {
        /// The colour, sRGB-encoded, 0 to 1.
        colour: [f32; 3],
        /// Share of the tinted image in the result, 0 to 1.
        share: f32,
    },
    /// Curves between other operations, applied one after the other.
    Curves(Vec<Curve>),
    /// A matrix between other operations.
    Matrix(Matrix),
}

/// Context of a pixel beside its colour.
#[derive(Debug, Clone, Copy)]
pub struct PixelContext {
    /// Distance from the centre, in half diagonals.
    pub radius: f32,
    /// Luma of the neighbourhood used by fill flash, 0 to 1.
    pub wide: f32,
    /// Luma of the neighbourhood used by shadows and highlights, 0 to 1.
    pub near: f32,
}

/// Stops of light that a fill flash of 1 adds where the surroundings are black.
const FLASH_STOPS: f32 = 1.8;

/// Linear light above this is compressed smoothly (tanh shoulder) instead of clipped.
const FLASH_SHOULDER: f32 = 0.6;

/// Factor on the strength of a negative `shadow`: shadows are close to black already, so lowering needs less than
/// lifting.
const LOWERED: f32 = 0.6;

/// Centre and width of the skin hue range that vibrance protects, in degrees of HSV hue.
const SKIN_HUE: f32 = 25.0;
const SKIN_WIDTH: f32 = 18.0;

/// Table from an sRGB-encoded value to the square root of linear light.
static ROOT: LazyLock<approx::Table> =
    LazyLock::new(|| approx::Table::new(|value| srgb::linear(value).sqrt()));

/// Table from the square root of linear light (relative to `MOST_LIT`) to the sRGB-encoded value with the shoulder
/// applied. By its square root, because the result is nearly linear in it.
static BENT: LazyLock<approx::Table> = LazyLock::new(|| {
    approx::Table::new(|root| {
        let lit = root * root * MOST_LIT;
        let shoulder = 1.0 - FLASH_SHOULDER;
        let over = lit - FLASH_SHOULDER;
        let bent = if over > 0.0 { FLASH_SHOULDER + shoulder * (over / shoulder).tanh() } else { lit };
        srgb::encoded(bent)
    })
});

/// Linear light of white after a fill flash of 1: 2^1.8 = 3.48, rounded up.
const MOST_LIT: f32 = 3.5;

/// An operation with everything precomputed that does not depend on the pixel.
pub type CompiledOp<'a> = Box<dyn Fn(&mut Block) + 'a>;

impl PixelOp {
    /// Compiles the operation to a closure over blocks of pixels.
    pub fn compile(&self) -> CompiledOp<'_> {
        match self {
            Self::Vibrance(amount) => {
                Box::new(|block| block.map_pixels(|colour, _| vibrance(colour, *amount)))
            }
            Self::FillFlash(amount) => {
                let (root, bent) = (&*ROOT, &*BENT);
                Box::new(move |block| fill_flash(block, *amount, root, bent))
            }
            Self::ShadowsHighlights { shadow, highlights } => {
                let lifted = |colour, place: PixelContext| {
                    shadows_highlights(colour, *shadow, *highlights, place.near)
                };
                Box::new(move |block| block.map_pixels(lifted))
            }
            Self::Split(shadows, highlights) => {
                Box::new(|block| block.map_pixels(|colour, _| split(colour, *shadows, *highlights)))
            }
            Self::Gradient(stops) => {
                Box::new(|block| block.map_pixels(|colour, _| gradient_map(stops, luma(colour))))
            }
            Self::Vignette { amount, from, to } => Box::new(move |block| {
                block.map_pixels(|colour, place| {
                    let light = 1.0 - amount * smoothstep(*from, *to, place.radius);
                    colour.map(|value| value * light)
                });
            }),
            Self::Bleach => Box::new(|block| block.map_pixels(|colour, _| bleach(colour))),
            Self::Colorize { colour: tint, share } => {
                let tint = Tint::new(*tint);
                Box::new(move |block| block.map_pixels(|colour, _| tint.over(colour, *share)))
            }
            Self::Curves(curves) => {
                let levels = curve::Levels::new(curves);
                Box::new(move |block| block.map_pixels(|colour, _| levels.at(colour)))
            }
            Self::Matrix(matrix) => Box::new(|block| block.map_pixels(|colour, _| matrix.apply(colour))),
        }
    }
}

#[inline]
fn fill_flash(block: &mut Block, amount: f32, root: &approx::Table, bent: &approx::Table) {
    block.wide = block.wide.map(|around| flash_gain(amount, around));
    block.map_pixels(|colour, place| colour.map(|value| bent.at(root.at(value) * place.wide)));
}

#[inline]
fn vibrance(colour: [f32; 3], amount: f32) -> [f32; 3] {
    let [red, green, blue] = colour;
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let strength = (most - least) / most.max(1e-6);
    let spared = 1.0 - 0.5 * skin(colour, most, most - least);
    let factor = 1.0 + amount * approx::power_three_halves(1.0 - strength) * spared;
    let grey = luma(colour);
    colour.map(|value| grey + (value - grey) * factor)
}

/// How close a hue is to skin, 0 to 1 (a Gaussian around `SKIN_HUE`).
#[inline]
fn skin([red, green, blue]: [f32; 3], most: f32, chroma: f32) -> f32 {
    let scale = 1.0 / chroma.max(1e-6);
    let of_red = (green - blue) * scale;
    let of_red = if of_red < 0.0 { of_red + 6.0 } else { of_red };
    let of_green = (blue - red) * scale + 2.0;
    let of_blue = (red - green) * scale + 4.0;
    let of_others = if most <= green { of_green } else { of_blue };
    let sixth = if most <= red { of_red } else { of_others };
    let distance = (sixth * 60.0 - SKIN_HUE) / SKIN_WIDTH;
    approx::exp(-distance * distance)
}

/// The square root of the gain on linear light, relative to `MOST_LIT`, for the local luminance `around`.
#[inline]
fn flash_gain(amount: f32, around: f32) -> f32 {
    let stops = FLASH_STOPS * amount * (1.0 - smoothstep(0.08, 0.62, around));
    approx::exp(stops * 0.5 * std::f32::consts::LN_2) / MOST_LIT.sqrt()
}

#[inline]
fn shadows_highlights(colour: [f32; 3], shadow: f32, highlights: f32, around: f32) -> [f32; 3] {
    let grey = luma(colour);
    let room = (1.0 - grey).max(0.0);
    let (dark, bright) = (1.0 - smoothstep(0.0, 0.55, around), smoothstep(0.45, 1.0, around));
    // a saturated colour is as light as its strongest channel: by luma, a dark red would be lifted until it glows
    let strongest = colour[0].max(colour[1]).max(colour[2]);
    let lifted = if shadow > 0.0 {
        shadow * approx::power_three_halves((1.0 - strongest).max(0.0))
    } else {
        LOWERED * shadow * approx::power_three_halves(room)
    };
    let shine = 1.3 * highlights * bright * approx::power_three_halves(grey) * room;
    let factor = (grey + 1.3 * lifted * dark * grey + shine) / grey.max(1.0 / 255.0);
    colour.map(|value| value * factor)
}

fn split(colour: [f32; 3], shadows: [f32; 3], highlights: [f32; 3]) -> [f32; 3] {
    let grey = luma(colour);
    let (dark, bright) = ((1.0 - grey).powi(2), grey.powi(2));
    std::array::from_fn(|channel| colour[channel] + dark * shadows[channel] + bright * highlights[channel])
}

fn gradient_map(stops: &[(f32, [u8; 3])], grey: f32) -> [f32; 3] {
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

/// The colours of a tint from black over the tint itself to white, linear in luma.
struct Tint {
    colour: [f32; 3],
    luma: f32,
    below: [f32; 3],
    above: [f32; 3],
}

impl Tint {
    fn new(colour: [f32; 3]) -> Self {
        let luma = luma(colour);
        let below = colour.map(|value| value / luma.max(1e-3));
        let above = colour.map(|value| (1.0 - value) / (1.0 - luma).max(1e-3));
        Self { colour, luma, below, above }
    }

    #[inline]
    fn over(&self, colour: [f32; 3], share: f32) -> [f32; 3] {
        let over = luma(colour) - self.luma;
        std::array::from_fn(|channel| {
            let slope = if over < 0.0 { self.below[channel] } else { self.above[channel] };
            let tinted = self.colour[channel] + over * slope;
            colour[channel] * (1.0 - share) + tinted * share
        })
    }
}
