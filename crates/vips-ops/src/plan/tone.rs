//! From tone parameters to the operations they ask for, in the order of the pipeline.

use crate::{
    params::{Params, value::colour::Colour},
    stage::Stage,
    tone::{Curve, Grade, Matrix, Measured, Op, PixelOp, look},
};

/// The share of `colorize` when `colorize_intensity` is absent, in percent (seed).
const DEFAULT_INTENSITY: u8 = 1;

/// All corrections of a request.
pub fn grade(params: &Params) -> Grade {
    let mut operations = [corrections(params), wishes(params), looks(params)].concat();
    operations.sort_by_key(|(stage, _)| *stage);
    Grade::new(operations.into_iter().map(|(_, operation)| operation).collect())
}

fn corrections(params: &Params) -> Vec<(Stage, Op)> {
    let mut operations = Vec::new();
    if params.auto_level.is_some_and(|on| on.0) {
        operations.push((Stage::AutoLevel, Op::Measured(Measured::AutoLevel)));
    }
    if params.auto_fix.is_some_and(|on| on.0) {
        operations.push((Stage::AutoFix, Op::Measured(Measured::AutoFix)));
    }
    if let Some(flash) = params.fill_flash {
        operations.push((Stage::FillFlash, Op::Pixel(PixelOp::FillFlash(flash.0 as f32))));
    }
    if params.shadow.is_some() || params.highlights.is_some() {
        let shadow = params.shadow.map_or(0.0, |shadow| shadow.0 as f32);
        let highlights = params.highlights.map_or(0.0, |highlights| highlights.0 as f32);
        let lifted = PixelOp::ShadowsHighlights { shadow, highlights };
        operations.push((Stage::ShadowsHighlights, Op::Pixel(lifted)));
    }
    operations
}

fn wishes(params: &Params) -> Vec<(Stage, Op)> {
    let mut operations = Vec::new();
    if let Some(brightness) = params.brightness {
        operations.push((Stage::BrightnessContrast, Op::Curve(Curve::brightness(brightness.0 as f32))));
    }
    if let Some(contrast) = params.contrast {
        operations.push((Stage::BrightnessContrast, Op::Curve(Curve::contrast(contrast.0 as f32))));
    }
    if let Some(gamma) = params.gamma {
        operations.push((Stage::Gamma, Op::Curve(Curve::gamma(gamma.0 as f32))));
    }
    if let Some(warmth) = params.warmth {
        operations.push((Stage::Warmth, Op::Curve(Curve::warmth(warmth.0 as f32))));
    }
    if let Some(saturation) = params.saturation {
        operations.push((Stage::Saturation, Op::Matrix(Matrix::saturation(saturation.0 as f32))));
    }
    if let Some(vibrance) = params.vibrance {
        operations.push((Stage::Vibrance, Op::Pixel(PixelOp::Vibrance(vibrance.0 as f32))));
    }
    operations
}

fn looks(params: &Params) -> Vec<(Stage, Op)> {
    let name = params.filter.map(|filter| look::NAMES[usize::from(filter.0 - 1)]);
    let operations = name.map(look::operations).unwrap_or_default();
    let mut operations: Vec<_> = operations.into_iter().map(|operation| (Stage::Filter, operation)).collect();
    if let Some(colorize) = params.colorize {
        let Colour { red, green, blue, .. } = colorize.0;
        let colour = [red, green, blue].map(|value| f32::from(value) / 255.0);
        let percent = params.colorize_intensity.map_or(DEFAULT_INTENSITY, |intensity| intensity.0);
        let laid_over = PixelOp::Colorize { colour, share: f32::from(percent) / 100.0 };
        operations.push((Stage::Colorize, Op::Pixel(laid_over)));
    }
    operations
}
