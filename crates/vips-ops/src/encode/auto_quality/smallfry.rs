//! `SmallFry`: peak signal-to-noise ratio with a penalty for visible blocking, as implemented in jpeg-archive.

use super::plane::Plane;

/// Side of a JPEG block in pixels; errors that jump at block borders are penalised.
const BLOCK: usize = 8;

/// Images whose brightest pixel is below this luma count as dark.
const DARK: f64 = 128.0;

/// Weights of the two terms (jpeg-archive).
const SIGNAL_WEIGHT: f64 = 37.189_188_516_123_9;
const BLOCK_WEIGHT: f64 = 78.532_860_729_697_3;

/// The score; about 115 means equal.
pub fn compare(reference: &Plane<u8>, other: &Plane<u8>) -> f64 {
    let lightest = f64::from(reference.values.iter().copied().max().unwrap_or(0));
    let errors: Vec<f64> =
        reference.values.iter().zip(&other.values).map(|(a, b)| f64::from(a.abs_diff(*b))).collect();
    let errors = Plane { width: reference.width, values: errors };
    signal(&errors, lightest) * SIGNAL_WEIGHT + blocks(&errors, lightest) * BLOCK_WEIGHT
}

/// The normalised signal-to-noise ratio, 0 to 1.
fn signal(errors: &Plane<f64>, lightest: f64) -> f64 {
    let squares: f64 = errors.values.iter().map(|error| error * error).sum();
    if squares == 0.0 {
        return 1.0;
    }
    let decibels = 10.0 * (255.0 * 255.0 * errors.values.len() as f64 / squares).log10();
    let best = if lightest > DARK { 50.0 } else { 0.0016 * lightest * lightest - 0.38 * lightest + 72.5 };
    (decibels / best).clamp(0.0, 1.0)
}

/// The normalised absence of blocking, 0 to 1.
fn blocks(errors: &Plane<f64>, lightest: f64) -> f64 {
    let (width, height) = (errors.width, errors.height());
    let at = |x: usize, y: usize| errors.values[y * width + x];
    let (mut sum, mut count) = (0.0, 0u64);
    let mut see = |jump: f64| {
        sum += jump;
        count += 1;
    };
    for x in (BLOCK - 1..width.saturating_sub(1)).step_by(BLOCK) {
        // the last column has one neighbour fewer
        let after = (x + 2).min(width - 1);
        (0..height).for_each(|y| see(jump(at(x - 1, y), at(x, y), at(x + 1, y), at(after, y))));
    }
    for y in (BLOCK - 1..height.saturating_sub(2)).step_by(BLOCK) {
        (0..width).for_each(|x| see(jump(at(x, y - 1), at(x, y), at(x, y + 1), at(x, y + 2))));
    }
    if sum == 0.0 {
        return 1.0;
    }
    let least = if lightest > DARK { 0.65 } else { 0.65 + 0.35 * ((DARK - lightest) / DARK) };
    let count = count as f64;
    (1.0 - sum / count) * (0.25 + 1000.0 * count / sum).min(1.0).max(least)
}

/// How much the error jumps between the middle two of four neighbours, relative to the jumps beside it: 0 to 1.
fn jump(a: f64, b: f64, c: f64, d: f64) -> f64 {
    let ratio = (b - c).abs() / (((a - b).abs() + (c - d).abs() + 0.0001) / 2.0);
    match ratio {
        _ if ratio > 5.0 => 1.0,
        _ if ratio > 2.0 => (ratio - 2.0) / 3.0,
        _ => 0.0,
    }
}
