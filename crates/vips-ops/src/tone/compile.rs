//! Compiles the tone corrections of a plan to passes over the pixels.

use image_api::{params::value::colour::Colour, plan::tone::Tone};
use vips::{Image, Result};

use super::{
    auto_curve::AutoCurve, curve::Curve, matrix::Matrix, op::Op, passes::Grade, pixel::PixelOp, presets,
};
use crate::steps::profile;

impl Grade {
    /// Applies corrections to an 8-bit sRGB or greyscale image. Curves that depend on the image are measured in the
    /// first image; `settled` keeps them for the following ones.
    pub fn apply_measured(tones: &[Tone], image: Image, settled: &mut Option<Self>) -> Result<Image> {
        let mut image = profile::coloured(image)?;
        let grade = if let Some(grade) = settled.take() {
            grade
        } else {
            let grade = Self::from_tones(tones);
            if grade.needs_measurement() {
                image = image.copy_memory()?;
            }
            grade.with_measured_curves(&image)?
        };
        let graded = grade.apply(&image)?;
        *settled = Some(grade);
        Ok(graded)
    }

    /// Compiles the corrections to as few passes over the pixels as possible, in their order.
    pub fn from_tones(tones: &[Tone]) -> Self {
        Self::new(tones.iter().flat_map(|tone| operations(*tone)).collect())
    }
}

fn operations(tone: Tone) -> Vec<Op> {
    let one = match tone {
        Tone::AutoLevel => Op::Auto(AutoCurve::AutoLevel),
        Tone::AutoFix => Op::Auto(AutoCurve::AutoFix),
        Tone::FillFlash(amount) => Op::Pixel(PixelOp::FillFlash(amount)),
        Tone::ShadowsHighlights { shadow, highlights } => {
            Op::Pixel(PixelOp::ShadowsHighlights { shadow, highlights })
        }
        Tone::Brightness(amount) => Op::Curve(Curve::brightness(amount)),
        Tone::Contrast(amount) => Op::Curve(Curve::contrast(amount)),
        Tone::Gamma(exponent) => Op::Curve(Curve::gamma(exponent)),
        Tone::Warmth(amount) => Op::Curve(Curve::warmth(amount)),
        Tone::Saturation(amount) => Op::Matrix(Matrix::saturation(amount)),
        Tone::Vibrance(amount) => Op::Pixel(PixelOp::Vibrance(amount)),
        Tone::Preset(filter) => return presets::operations(filter.name()),
        Tone::Colorize { colour: Colour { red, green, blue, .. }, share } => {
            let colour = [red, green, blue].map(|value| f32::from(value) / 255.0);
            Op::Pixel(PixelOp::Colorize { colour, share })
        }
    };
    vec![one]
}
