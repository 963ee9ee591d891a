//! From tone parameters to the corrections they ask for, in the order in which they are applied.

use std::fmt::{self, Display, Formatter};

use crate::params::{Params, tone::filter::Filter, value::colour::Colour};

/// The share of `colorize` when `colorize_intensity` is absent, in percent (seed).
const DEFAULT_INTENSITY: u8 = 1;

/// One correction of tone or colour. Strengths are from -1 to 1 unless it is said otherwise; 0 changes nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tone {
    /// White balance: the colour cast that is measured in the picture is removed.
    AutoLevel,
    /// Black, white and mid grey are measured in the picture and put where they belong.
    AutoFix,
    /// Light from the camera, from 0 to 1.
    FillFlash(f32),
    /// Shadows and highlights lifted or lowered.
    ShadowsHighlights {
        /// Strength in the shadows.
        shadow: f32,
        /// Strength in the highlights.
        highlights: f32,
    },
    /// Brighter or darker, black and white kept.
    Brightness(f32),
    /// More or less contrast around mid grey.
    Contrast(f32),
    /// Mid tones: the exponent, 1 changes nothing.
    Gamma(f32),
    /// Warmer or colder light.
    Warmth(f32),
    /// All colours stronger or weaker.
    Saturation(f32),
    /// Dull colours stronger or weaker.
    Vibrance(f32),
    /// One of the twenty looks of `filter`.
    Preset(Filter),
    /// One colour over the picture's own light and dark.
    Colorize {
        /// The colour.
        colour: Colour,
        /// Its share, from 0 to 1.
        share: f32,
    },
}

/// All corrections of a request: what the picture lacks first, then what was asked for, then a preset over the corrected
/// picture, and one colour over that.
pub fn corrections(params: &Params) -> Vec<Tone> {
    let is_on = |on: bool, tone: Tone| on.then_some(tone);
    let lifted = (params.shadow.is_some() || params.highlights.is_some()).then(|| Tone::ShadowsHighlights {
        shadow: params.shadow.map_or(0.0, |shadow| shadow.0 as f32),
        highlights: params.highlights.map_or(0.0, |highlights| highlights.0 as f32),
    });
    let percent = params.colorize_intensity.map_or(DEFAULT_INTENSITY, |intensity| intensity.0);
    let colorize = params
        .colorize
        .map(|colorize| Tone::Colorize { colour: colorize.0, share: f32::from(percent) / 100.0 });
    [
        is_on(params.auto_level.is_some_and(|on| on.0), Tone::AutoLevel),
        is_on(params.auto_fix.is_some_and(|on| on.0), Tone::AutoFix),
        params.fill_flash.map(|flash| Tone::FillFlash(flash.0 as f32)),
        lifted,
        params.brightness.map(|value| Tone::Brightness(value.0 as f32)),
        params.contrast.map(|value| Tone::Contrast(value.0 as f32)),
        params.gamma.map(|value| Tone::Gamma(value.0 as f32)),
        params.warmth.map(|value| Tone::Warmth(value.0 as f32)),
        params.saturation.map(|value| Tone::Saturation(value.0 as f32)),
        params.vibrance.map(|value| Tone::Vibrance(value.0 as f32)),
        params.filter.map(Tone::Preset),
        colorize,
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Display for Tone {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AutoLevel => write!(f, "white balance as measured"),
            Self::AutoFix => write!(f, "levels as measured"),
            Self::FillFlash(amount) => write!(f, "fill flash {amount}"),
            Self::ShadowsHighlights { shadow, highlights } => {
                write!(f, "shadow {shadow}, highlights {highlights}")
            }
            Self::Brightness(amount) => write!(f, "brightness {amount}"),
            Self::Contrast(amount) => write!(f, "contrast {amount}"),
            Self::Gamma(exponent) => write!(f, "gamma {exponent}"),
            Self::Warmth(amount) => write!(f, "warmth {amount}"),
            Self::Saturation(amount) => write!(f, "saturation {amount}"),
            Self::Vibrance(amount) => write!(f, "vibrance {amount}"),
            Self::Preset(filter) => write!(f, "filter {}", filter.name()),
            Self::Colorize { colour, share } => {
                let Colour { red, green, blue, .. } = colour;
                write!(f, "colorize #{red:02x}{green:02x}{blue:02x}, share {share}")
            }
        }
    }
}
