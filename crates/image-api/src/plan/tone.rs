//! Converts tone parameters to corrections, in the order of application.

use std::fmt::{self, Display, Formatter};

use crate::params::{Params, tone::filter::Filter, value::colour::Colour};

/// The default of `colorize_intensity`, in percent (part of the API contract).
const DEFAULT_INTENSITY: u8 = 1;

/// One tone or colour correction. Strengths are from -1 to 1 unless stated otherwise; 0 changes nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tone {
    /// White balance: removes the colour cast measured in the image.
    AutoLevel,
    /// Automatic levels: black point, white point and mid grey are measured in the image and corrected.
    AutoFix,
    /// Fill flash, from 0 to 1.
    FillFlash(f32),
    /// Shadows and highlights lifted or lowered.
    ShadowsHighlights {
        /// Strength in the shadows.
        shadow: f32,
        /// Strength in the highlights.
        highlights: f32,
    },
    /// Brightness of mid-tones; black and white are kept.
    Brightness(f32),
    /// Contrast around mid grey.
    Contrast(f32),
    /// Gamma: the exponent of mid-tones, 1 changes nothing.
    Gamma(f32),
    /// Colour temperature.
    Warmth(f32),
    /// Saturation of all colours.
    Saturation(f32),
    /// Saturation of dull colours.
    Vibrance(f32),
    /// One of the twenty presets of `filter`.
    Preset(Filter),
    /// Tints the image with one colour, keeping its luma.
    Colorize {
        /// The colour.
        colour: Colour,
        /// Its share in the result, from 0 to 1.
        share: f32,
    },
}

/// All corrections of a request: automatic ones first, then the requested strengths, then a preset, and last the tint.
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
