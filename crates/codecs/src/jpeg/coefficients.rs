//! Encodes JPEG slowly: an image is transformed once, then encoded at several qualities.
//!
//! Colours are converted and transformed in floating point, quantised as in [`quantisation`](super::quantisation), and coded in
//! progressive scans with Huffman tables for the image by libjpeg-turbo. No application segments are written.

use std::{f32::consts::PI, ffi::c_void};

use bytes::Bytes;

use super::{
    encoder::Subsampling,
    failure::NAME,
    quantisation::{BLOCK, quantise, steps},
    writer::Writer,
};
use crate::error::{Error, Result};

/// Rows and columns of a block.
const SIDE: usize = 8;

/// Largest side of an image (ITU-T T.81, B.2.2, and libjpeg's `JPEG_MAX_DIMENSION`).
const LARGEST_SIDE: u32 = 65_500;

/// Weights of red, green and blue in luma and chroma, and the middle of the range, which is subtracted (JFIF 1.02).
const WEIGHTS: [([f32; 3], f32); 3] = [
    ([0.299, 0.587, 0.114], 128.0),
    ([-0.168_735_9, -0.331_264_1, 0.5], 0.0),
    ([0.5, -0.418_687_6, -0.081_312_4], 0.0),
];

unsafe extern "C" {
    fn pixmill_jpeg_put(
        writer: *mut c_void,
        width: u32,
        height: u32,
        bands: u32,
        halved: i32,
        steps: *const u32,
        coefficients: *const i16,
    ) -> i32;
}

/// The coefficients of an image, not quantised yet: 4 bytes a sample.
pub struct Coefficients {
    width: u32,
    height: u32,
    subsampling: Subsampling,
    /// The blocks of luma, and of chroma both ways.
    components: Vec<Vec<[f32; BLOCK]>>,
}

impl Coefficients {
    /// Transforms an image of 1 band (grey) or 3 (RGB).
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] for sides that a JPEG cannot have, another number of bands, or a wrong number of pixels.
    pub fn new(
        pixels: &[u8],
        (width, height): (u32, u32),
        bands: u32,
        subsampling: Subsampling,
    ) -> Result<Self> {
        let is_valid = matches!(bands, 1 | 3)
            && [width, height].iter().all(|side| (1..=LARGEST_SIDE).contains(side))
            && pixels.len() as u64 == u64::from(width) * u64::from(height) * u64::from(bands);
        if !is_valid {
            return Err(Error::broken(
                NAME,
                format!("{width} × {height} pixels of {bands} bands are no JPEG"),
            ));
        }
        let size = (width as usize, height as usize);
        let transform = Transform::new();
        let components = (0..bands as usize).map(|component| {
            let plane = plane(pixels, size, bands as usize, component);
            let is_halved = component > 0 && subsampling == Subsampling::Halved;
            transform.blocks(&if is_halved { plane.halved() } else { plane })
        });
        Ok(Self { width, height, subsampling, components: components.collect() })
    }

    /// Encodes with quantisation steps that are multiplied by `scale`: larger is coarser. The useful range is 0.05 to 15.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn encode(&self, scale: f32) -> Result<Bytes> {
        let steps = steps(scale);
        let quantised: Vec<[i16; BLOCK]> = self
            .components
            .iter()
            .enumerate()
            .flat_map(|(component, blocks)| {
                let is_chroma = component > 0;
                let steps = steps[usize::from(is_chroma)];
                blocks.iter().map(move |block| quantise(block, &steps, is_chroma))
            })
            .collect();
        let writer = Writer::new()?;
        let halved = (self.subsampling == Subsampling::Halved).into();
        let bands = self.components.len() as u32;
        // SAFETY: a new writer; it reads two tables of steps, and the blocks that cover each component, which were made for this
        // size and subsampling.
        let status = unsafe {
            let (steps, quantised) = (steps.as_ptr().cast(), quantised.as_ptr().cast());
            pixmill_jpeg_put(writer.as_ptr(), self.width, self.height, bands, halved, steps, quantised)
        };
        writer.check(status)?;
        writer.finish()
    }
}

/// One component of an image, row by row.
struct Plane {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

/// Luma, one kind of chroma, or grey.
fn plane(pixels: &[u8], (width, height): (usize, usize), bands: usize, component: usize) -> Plane {
    let (weights, middle) = WEIGHTS[component];
    let value = |pixel: &[u8]| match *pixel {
        [red, green, blue] => {
            let [red, green, blue] = [red, green, blue].map(f32::from);
            weights[0] * red + weights[1] * green + weights[2] * blue - middle
        }
        _ => f32::from(pixel[0]) - middle,
    };
    Plane { width, height, values: pixels.chunks_exact(bands).map(value).collect() }
}

impl Plane {
    /// The value at a place; outside, that of the nearest place inside.
    fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y.min(self.height - 1) * self.width + x.min(self.width - 1)]
    }

    /// Half the resolution both ways: means of 2 × 2 values.
    fn halved(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mean = |x: usize, y: usize| {
            (self.at(x, y) + self.at(x + 1, y) + self.at(x, y + 1) + self.at(x + 1, y + 1)) / 4.0
        };
        let values = (0..height).flat_map(|y| (0..width).map(move |x| mean(2 * x, 2 * y))).collect();
        Self { width, height, values }
    }
}

/// The discrete cosine transform of blocks (ITU-T T.81, A.3.3): cosines by frequency and place.
struct Transform([[f32; SIDE]; SIDE]);

impl Transform {
    fn new() -> Self {
        Self(std::array::from_fn(|frequency| {
            std::array::from_fn(|place| {
                let norm = if frequency == 0 { 0.125_f32.sqrt() } else { 0.5 };
                norm * ((2 * place + 1) as f32 * frequency as f32 * PI / 16.0).cos()
            })
        }))
    }

    /// The transformed blocks that cover a plane, row by row.
    fn blocks(&self, plane: &Plane) -> Vec<[f32; BLOCK]> {
        let (columns, rows) = (plane.width.div_ceil(SIDE), plane.height.div_ceil(SIDE));
        let block = |column: usize, row: usize| {
            self.block(&std::array::from_fn(|at| plane.at(column * SIDE + at % SIDE, row * SIDE + at / SIDE)))
        };
        (0..rows).flat_map(|row| (0..columns).map(move |column| block(column, row))).collect()
    }

    fn block(&self, values: &[f32; BLOCK]) -> [f32; BLOCK] {
        let mut across = [0.0; BLOCK];
        for (row, out) in values.chunks_exact(SIDE).zip(across.chunks_exact_mut(SIDE)) {
            for (cosines, out) in self.0.iter().zip(out) {
                *out = cosines.iter().zip(row).map(|(cosine, value)| cosine * value).sum();
            }
        }
        let mut both = [0.0; BLOCK];
        for (cosines, out) in self.0.iter().zip(both.chunks_exact_mut(SIDE)) {
            for (cosine, row) in cosines.iter().zip(across.chunks_exact(SIDE)) {
                for (out, value) in out.iter_mut().zip(row) {
                    *out += cosine * value;
                }
            }
        }
        both
    }
}
