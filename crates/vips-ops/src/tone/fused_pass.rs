//! One pass over the pixels: each goes through a list of operations in floating point and is rounded once.

use vips::{Image, Interpretation, Result};

use super::{
    block::{Block, LANES},
    local_luminance::{LocalLuminance, LumaMap},
    pixel::PixelOp,
};

/// Sigmas of the local luminance for fill flash (wide) and for shadows and highlights (near), as fractions of the long
/// side.
const WIDE: f64 = 0.03;
const NEAR: f64 = 0.02;

/// The context of pixels, computed row by row, as far as the operations need it.
struct RowContext {
    wide: Option<LocalLuminance>,
    near: Option<LocalLuminance>,
    /// Whether any operation needs distances from the centre.
    radial: bool,
    /// Half the width and height of the image.
    half: (f32, f32),
    radius: Vec<f32>,
    wide_row: Vec<f32>,
    near_row: Vec<f32>,
}

/// Applies the operations to every pixel of an 8-bit sRGB image. Metadata is kept.
pub fn run(image: &Image, operations: &[PixelOp]) -> Result<Image> {
    let (width, height) = (image.width(), image.height());
    let source = image.pixels()?;
    let mut rows = RowContext::new(&source, (width, height), operations);
    let ready: Vec<_> = operations.iter().map(PixelOp::compile).collect();
    let mut out = vec![0; source.len()];
    let row_bytes = 3 * width as usize;
    for (y, (from, to)) in source.chunks_exact(row_bytes).zip(out.chunks_exact_mut(row_bytes)).enumerate() {
        rows.advance(y);
        for (index, (from, to)) in from.chunks(3 * LANES).zip(to.chunks_mut(3 * LANES)).enumerate() {
            let mut block = rows.block(index * LANES);
            block.read(from);
            for change in &ready {
                change(&mut block);
            }
            block.write(to);
        }
    }
    Image::from_pixels(&out, width, height, 3)?.interpret(Interpretation::Srgb)?.with_metadata_of(image)
}

impl RowContext {
    fn new(pixels: &[u8], (width, height): (u32, u32), operations: &[PixelOp]) -> Self {
        let asked = |wanted: fn(&PixelOp) -> bool| operations.iter().any(wanted);
        let wide = asked(|operation| matches!(operation, PixelOp::FillFlash(_)));
        let near = asked(|operation| matches!(operation, PixelOp::ShadowsHighlights { .. }));
        let luma = (wide || near).then(|| LumaMap::new(pixels, width, height));
        let around = |asked: bool, part| luma.as_ref().filter(|_| asked).map(|luma| luma.blurred(part));
        // rounded up to whole blocks, so that the last block of a row needs no special case
        let row = vec![0.0; (width as usize).next_multiple_of(LANES)];
        Self {
            wide: around(wide, WIDE),
            near: around(near, NEAR),
            radial: asked(|operation| matches!(operation, PixelOp::Vignette { .. })),
            half: (width as f32 / 2.0, height as f32 / 2.0),
            radius: row.clone(),
            wide_row: row.clone(),
            near_row: row,
        }
    }

    /// Computes the context of row `y`.
    fn advance(&mut self, y: usize) {
        if self.radial {
            let (half_width, half_height) = self.half;
            let down = (y as f32 + 0.5 - half_height) / half_height;
            for (x, radius) in self.radius.iter_mut().enumerate() {
                let across = (x as f32 + 0.5 - half_width) / half_width;
                *radius = (across * across + down * down).sqrt() * std::f32::consts::FRAC_1_SQRT_2;
            }
        }
        for (light, row) in [(&mut self.wide, &mut self.wide_row), (&mut self.near, &mut self.near_row)] {
            if let Some(light) = light {
                light.write_row(y, row);
            }
        }
    }

    /// An empty block with the context of the pixels from `x` on.
    fn block(&self, x: usize) -> Block {
        let lane = |row: &[f32]| {
            let mut lane = [0.0; LANES];
            lane.copy_from_slice(&row[x..x + LANES]);
            lane
        };
        let mut block = Block::EMPTY;
        block.radius = lane(&self.radius);
        block.wide = lane(&self.wide_row);
        block.near = lane(&self.near_row);
        block
    }
}
