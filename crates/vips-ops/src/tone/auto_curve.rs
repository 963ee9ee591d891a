//! Automatic corrections: curves measured on the image (white balance, and levels).

use vips::{Image, Pixels, Result};

use super::{
    curve::{self, Curve},
    luma::{luma, smoothstep},
    srgb,
};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoCurve {
    /// White balance: removes the colour cast that the edges of the image have in common (grey-edge hypothesis).
    AutoLevel,
    /// Levels: black point, white point and mid grey.
    AutoFix,
}

/// Long side of the copy on which the colour cast is measured, in pixels.
const CAST_SIDE: u32 = 128;

/// Order of the Minkowski norm over the edges (van de Weijer, Gevers and Gijsenij, "Edge-Based Color Constancy", IEEE
/// TIP 2007).
const NORM: i32 = 6;

/// A pixel is clipped if any channel is at least `WHITE`, or all are at most `BLACK`.
const WHITE: f32 = 250.0 / 255.0;
const BLACK: f32 = 4.0 / 255.0;

/// Fewest unclipped pixels on which a cast is measured.
const LEAST_EDGES: u32 = 16;

/// A pixel's hue counts from this saturation, (max − min) / max, and from this brightness. A grey under tungsten light
/// has a saturation of 0.35.
const STRONG: f32 = 0.4;
const VISIBLE: f32 = 0.1;

/// Share of one hue from which the scene (grass, a sunset, a red wall) explains the cast, and from which it fully does;
/// and the part of the correction that is left out then.
const DOMINANT: (f32, f32) = (0.35, 0.75);
const MOST_DAMPED: f32 = 0.75;

/// Smallest and largest gain per channel.
const GAINS: (f32, f32) = (0.55, 1.8);

/// Fraction of the pixels clipped to black and to white (after Limare et al., "Simplest Color Balance", IPOL 2011).
const CLIPPED: f32 = 0.005;

/// Luma of the median of a well-exposed photograph.
const MIDDLE: f32 = 0.46;

/// Strength of the correction towards `MIDDLE`, and the range of its exponent.
const MIDDLE_STRENGTH: f32 = 0.7;
const MIDDLE_RANGE: (f32, f32) = (0.62, 1.15);

impl AutoCurve {
    /// Measures the correcting curve of a three-band image, as if the curves in `before` had been applied to it.
    pub fn measure(self, image: &Image, before: &[Curve]) -> Result<Curve> {
        match self {
            Self::AutoLevel => white_balance(image, before),
            Self::AutoFix => levels(image, before),
        }
    }
}

fn white_balance(image: &Image, before: &[Curve]) -> Result<Curve> {
    let long = image.width().max(image.height());
    let scale = (f64::from(CAST_SIDE) / f64::from(long)).min(1.0);
    let small = image.resize(scale, scale, vips::ops::Kernel::Cubic)?;
    let (width, height) = (small.width() as usize, small.height() as usize);
    let table = curve::table(before);
    let pixels = small.pixels()?;
    let colours: Vec<[f32; 3]> = colours(&pixels, &table).collect();
    let clipped: Vec<bool> = colours.iter().copied().map(is_clipped).collect();
    let light: Vec<[f32; 3]> = colours.iter().map(|colour| colour.map(srgb::linear)).collect();
    let mut edges = [0f64; 3];
    let mut count = 0u32;
    for y in 0..height.saturating_sub(1) {
        for x in 0..width.saturating_sub(1) {
            let at = y * width + x;
            // clipped pixels have lost the colour of the light
            if clipped[at] || clipped[at + 1] || clipped[at + width] {
                continue;
            }
            for (channel, edge) in edges.iter_mut().enumerate() {
                let here = light[at][channel];
                let change =
                    (light[at + width][channel] - here).abs() + (light[at + 1][channel] - here).abs();
                *edge += f64::from(change).powi(NORM);
            }
            count += 1;
        }
    }
    if count < LEAST_EDGES {
        return Ok(Curve::Gains([1.0; 3]));
    }
    let strength = 1.0 - MOST_DAMPED * smoothstep(DOMINANT.0, DOMINANT.1, dominance(&colours));
    let norms = edges.map(|sum| ((sum / f64::from(count)).powf(1.0 / f64::from(NORM)) + 1e-6) as f32);
    let mean = norms.iter().sum::<f32>() / 3.0;
    Ok(Curve::balanced(norms.map(|norm| (mean / norm).clamp(GAINS.0, GAINS.1).powf(strength))))
}

/// Whether a pixel is clipped.
fn is_clipped(colour: [f32; 3]) -> bool {
    colour.iter().any(|value| *value >= WHITE) || colour.iter().all(|value| *value <= BLACK)
}

/// How much one saturated hue dominates, 0 to 1: the length of the mean of the hues as unit vectors.
fn dominance(colours: &[[f32; 3]]) -> f32 {
    let mut sum = [0.0f32; 2];
    for [red, green, blue] in colours.iter().copied() {
        let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
        if most < VISIBLE || (most - least) < STRONG * most {
            continue;
        }
        // the chroma plane, perpendicular to the grey axis
        let (along, across) = (red - 0.5 * (green + blue), 0.75f32.sqrt() * (green - blue));
        let length = along.hypot(across).max(1e-6);
        sum[0] += along / length;
        sum[1] += across / length;
    }
    sum[0].hypot(sum[1]) / colours.len().max(1) as f32
}

fn levels(image: &Image, before: &[Curve]) -> Result<Curve> {
    let table = curve::table(before);
    let pixels = image.pixels()?;
    let mut histogram = [0u32; 256];
    for colour in colours(&pixels, &table) {
        histogram[(luma(colour) * 255.0 + 0.5) as usize] += 1;
    }
    let total = histogram.iter().sum::<u32>().max(1);
    let quantile = |part: f32| {
        let mut seen = 0;
        let wanted = part * total as f32;
        let level = histogram.iter().position(|count| {
            seen += count;
            seen as f32 >= wanted
        });
        level.unwrap_or(255) as f32 / 255.0
    };
    let low = quantile(CLIPPED).min(0.25);
    let high = quantile(1.0 - CLIPPED).max(0.6).max(low + 0.25);
    let median = ((quantile(0.5) - low) / (high - low)).clamp(0.02, 0.98);
    let exponent = (MIDDLE.ln() / median.ln()).clamp(MIDDLE_RANGE.0, MIDDLE_RANGE.1);
    Ok(Curve::Levels { low, high, exponent: 1.0 + MIDDLE_STRENGTH * (exponent - 1.0) })
}

/// The colours of three-band 8-bit pixels after a lookup table.
fn colours<'a>(pixels: &'a Pixels, table: &'a [[u8; 3]]) -> impl Iterator<Item = [f32; 3]> + 'a {
    pixels.chunks_exact(3).map(|pixel| {
        std::array::from_fn(|channel| f32::from(table[usize::from(pixel[channel])][channel]) / 255.0)
    })
}
