//! Red-eye correction: darkens the flash's reflection on the retina to the colour of a pupil. Catch-lights are kept,
//! since they are not red.
//!
//! Redness is (R - max(G, B)) / R, the normalised form of the measure by Gaubatz and Ulichney (ICIP 2002). Around each
//! detected eye, a spot is searched for that is much redder than its surroundings, round, and as large as a pupil. The
//! thresholds were set on flash photographs with faces so that only red pupils match.

use image_api::plan::step::Eye;
use vips::{BandFormat, Image, Interpretation, Result};

use super::connected_components::{Component, connected_components};

/// Half the side of the search window in eye distances, and its minimum in pixels.
const REACH: f64 = 0.30;
const LEAST_REACH: f64 = 4.0;

/// Lowest redness of a red pixel: absolute, and above the median of the window.
const RED: f32 = 0.40;
const REDDER: f32 = 0.18;

/// Lowest red level of a red pixel: darker pixels have no reliable hue.
const LEAST_LEVEL: u8 = 60;

/// Limits of a pupil's shape: area in pixels, filled fraction of its bounding box, aspect ratio of the bounding box.
const LEAST_AREA: usize = 4;
const LEAST_FILL: f64 = 0.45;
const MOST_ASPECT: f64 = 2.2;

/// Limits of its diameter and of its distance from the detected eye, in eye distances.
const DIAMETERS: std::ops::Range<f64> = 0.05..0.26;
const MOST_OFF: f64 = 0.24;

/// Highest redness of its surroundings relative to its own: red skin and make-up have soft edges.
const MOST_AROUND: f32 = 0.42;

/// Tint of the corrected pupil: slightly less red and green than blue.
const TINT: [f32; 3] = [0.95, 0.95, 1.0];

/// Corrects every red eye of an 8-bit colour image; other eyes and other images are unchanged.
pub fn correct(image: &Image, eyes: &[Eye]) -> Result<Image> {
    let colour = image.interpretation() == Interpretation::Srgb && image.format() == BandFormat::Uchar;
    if !colour || image.bands() < 3 {
        return Ok(image.clone());
    }
    let mut corrected = image.copy_memory()?;
    for eye in eyes {
        let Some((left, top, width, height)) = window(eye, corrected.width(), corrected.height()) else {
            continue;
        };
        let part = corrected.extract_area(left, top, width, height)?;
        let bands = part.bands();
        let mut pixels = part.pixels()?.to_vec();
        if darken(
            &mut pixels,
            width as usize,
            bands as usize,
            (eye.x - f64::from(left), eye.y - f64::from(top)),
            eye.distance,
        ) {
            let patch = Image::from_pixels(&pixels, width, height, bands)?.interpret(Interpretation::Srgb)?;
            corrected = corrected.insert(&patch, left, top)?;
        }
    }
    Ok(corrected)
}

/// The search window around an eye, clipped to the image: left, top, width, height.
fn window(eye: &Eye, width: u32, height: u32) -> Option<(u32, u32, u32, u32)> {
    let reach = (REACH * eye.distance).max(LEAST_REACH);
    let span = |center: f64, whole: u32| {
        let from = (center - reach).max(0.0) as u32;
        let to = ((center + reach + 1.0).max(0.0) as u32).min(whole);
        (to > from).then(|| (from, to - from))
    };
    let (left, width) = span(eye.x, width)?;
    let (top, height) = span(eye.y, height)?;
    Some((left, top, width, height))
}

/// Darkens the red pupil in a window of pixels; returns whether there is one. `eye` is its expected position.
fn darken(pixels: &mut [u8], width: usize, bands: usize, eye: (f64, f64), distance: f64) -> bool {
    let redness: Vec<f32> = pixels.chunks_exact(bands).map(redness).collect();
    let threshold = RED.max(median(&redness) + REDDER);
    let is_red = |(pixel, red): (&[u8], &f32)| *red > threshold && pixel[0] > LEAST_LEVEL;
    let mask: Vec<bool> = pixels.chunks_exact(bands).zip(&redness).map(is_red).collect();
    let weight = |component: &Component| -> f32 {
        component.cells.iter().map(|cell| redness[*cell].powi(2) * f32::from(pixels[cell * bands])).sum()
    };
    let pupils = connected_components(&mask, width)
        .into_iter()
        .filter(|component| is_pupil(component, &redness, eye, distance));
    let Some(pupil) = pupils.max_by(|a, b| weight(a).total_cmp(&weight(b))) else { return false };
    let softness = (0.012 * distance).max(0.6);
    for (pixel, alpha) in pixels.chunks_exact_mut(bands).zip(pupil.soft_mask(softness)) {
        let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
        let grey = f32::midpoint(green, blue).min(red);
        for (level, tint) in pixel.iter_mut().zip(TINT) {
            *level = (f32::from(*level) * (1.0 - alpha) + tint * grey * alpha).round() as u8;
        }
    }
    true
}

fn redness(pixel: &[u8]) -> f32 {
    let red = f32::from(pixel[0]);
    ((red - f32::from(pixel[1].max(pixel[2]))) / red.max(1.0)).clamp(0.0, 1.0)
}

fn median(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    let middle = sorted.len() / 2;
    *sorted.select_nth_unstable_by(middle, f32::total_cmp).1
}

fn is_pupil(component: &Component, redness: &[f32], eye: (f64, f64), distance: f64) -> bool {
    let mean = |cells: &[usize]| cells.iter().map(|cell| redness[*cell]).sum::<f32>() / cells.len() as f32;
    let (x, y) = component.center();
    let diameter = component.diameter();
    if component.cells.len() < LEAST_AREA
        || component.fill() <= LEAST_FILL
        || component.aspect() >= MOST_ASPECT
    {
        return false;
    }
    if !DIAMETERS.contains(&(diameter / distance)) || (x - eye.0).hypot(y - eye.1) >= MOST_OFF * distance {
        return false;
    }
    let ring = component.ring(((diameter / 2.0) as usize).max(2));
    !ring.is_empty() && mean(&ring) < MOST_AROUND * mean(&component.cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 61;
    const SKIN: [u8; 3] = [200, 160, 140];

    /// A window of skin with a disc of this colour in the centre, and a catch-light in the disc.
    fn eye(colour: [u8; 3], radius: f64) -> Vec<u8> {
        let middle = SIDE as f64 / 2.0 - 0.5;
        let pixel = |index: usize| {
            let (x, y) = ((index % SIDE) as f64 - middle, (index / SIDE) as f64 - middle);
            if (x - 2.0).hypot(y + 2.0) < 1.5 {
                [250; 3]
            } else if x.hypot(y) < radius {
                colour
            } else {
                SKIN
            }
        };
        (0..SIDE * SIDE).flat_map(pixel).collect()
    }

    fn at(pixels: &[u8], x: usize, y: usize) -> [u8; 3] {
        let start = (y * SIDE + x) * 3;
        [pixels[start], pixels[start + 1], pixels[start + 2]]
    }

    fn darkened(mut pixels: Vec<u8>) -> Option<Vec<u8>> {
        darken(&mut pixels, SIDE, 3, (30.0, 30.0), 100.0).then_some(pixels)
    }

    #[test]
    fn a_red_pupil_becomes_dark_and_keeps_its_catch_light() {
        let fixed = darkened(eye([220, 40, 50], 8.0)).unwrap();
        let [red, green, blue] = at(&fixed, 27, 33);
        assert!(red <= blue && green <= blue && red < 60, "{red} {green} {blue}");
        assert!(at(&fixed, 32, 28).iter().all(|level| *level > 230), "the light");
        assert_eq!(at(&fixed, 5, 5), SKIN);
    }

    #[test]
    fn other_spots_are_unchanged() {
        assert_eq!(darkened(eye([70, 40, 30], 8.0)), None, "brown");
        assert_eq!(darkened(eye([220, 40, 50], 25.0)), None, "too large");
        assert_eq!(darkened(eye([220, 40, 50], 2.0)), None, "too small");
        assert_eq!(darkened(vec![150; SIDE * SIDE * 3]), None, "grey");
        let mut stripe = eye(SKIN, 8.0);
        for y in 0..SIDE {
            stripe[(y * SIDE + 30) * 3..][..9].copy_from_slice(&[220, 30, 30, 220, 30, 30, 220, 30, 30]);
        }
        assert_eq!(darkened(stripe), None, "a stripe");
    }

    #[test]
    fn windows_are_clipped_to_the_image() {
        let at = |x, y| window(&Eye { x, y, distance: 20.0 }, 20, 10);
        assert_eq!(at(2.0, 5.0), Some((0, 0, 9, 10)));
        assert_eq!(at(100.0, 5.0), None);
        assert_eq!(at(-50.0, 5.0), None);
    }
}
