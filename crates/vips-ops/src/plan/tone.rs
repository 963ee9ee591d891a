//! From tone parameters to the operations they ask for, in the order in which they are applied.

use crate::{
    params::{Params, value::colour::Colour},
    tone::{Curve, Grade, Matrix, Measured, Op, PixelOp, look},
};

/// The share of `colorize` when `colorize_intensity` is absent, in percent (seed).
const DEFAULT_INTENSITY: u8 = 1;

/// All corrections of a request: what the picture lacks first, then what was asked for, then a preset over the corrected
/// picture, and one colour over that.
pub fn grade(params: &Params) -> Grade {
    Grade::new([corrections(params), wishes(params), looks(params)].concat())
}

fn corrections(params: &Params) -> Vec<Op> {
    let mut operations = Vec::new();
    if params.auto_level.is_some_and(|on| on.0) {
        operations.push(Op::Measured(Measured::AutoLevel));
    }
    if params.auto_fix.is_some_and(|on| on.0) {
        operations.push(Op::Measured(Measured::AutoFix));
    }
    if let Some(flash) = params.fill_flash {
        operations.push(Op::Pixel(PixelOp::FillFlash(flash.0 as f32)));
    }
    if params.shadow.is_some() || params.highlights.is_some() {
        let shadow = params.shadow.map_or(0.0, |shadow| shadow.0 as f32);
        let highlights = params.highlights.map_or(0.0, |highlights| highlights.0 as f32);
        operations.push(Op::Pixel(PixelOp::ShadowsHighlights { shadow, highlights }));
    }
    operations
}

fn wishes(params: &Params) -> Vec<Op> {
    let brightness = params.brightness.map(|value| Op::Curve(Curve::brightness(value.0 as f32)));
    let contrast = params.contrast.map(|value| Op::Curve(Curve::contrast(value.0 as f32)));
    let gamma = params.gamma.map(|value| Op::Curve(Curve::gamma(value.0 as f32)));
    let warmth = params.warmth.map(|value| Op::Curve(Curve::warmth(value.0 as f32)));
    let saturation = params.saturation.map(|value| Op::Matrix(Matrix::saturation(value.0 as f32)));
    let vibrance = params.vibrance.map(|value| Op::Pixel(PixelOp::Vibrance(value.0 as f32)));
    [brightness, contrast, gamma, warmth, saturation, vibrance].into_iter().flatten().collect()
}

fn looks(params: &Params) -> Vec<Op> {
    let name = params.filter.map(|filter| look::NAMES[usize::from(filter.0 - 1)]);
    let mut operations = name.map(look::operations).unwrap_or_default();
    if let Some(colorize) = params.colorize {
        let Colour { red, green, blue, .. } = colorize.0;
        let colour = [red, green, blue].map(|value| f32::from(value) / 255.0);
        let percent = params.colorize_intensity.map_or(DEFAULT_INTENSITY, |intensity| intensity.0);
        operations.push(Op::Pixel(PixelOp::Colorize { colour, share: f32::from(percent) / 100.0 }));
    }
    operations
}
