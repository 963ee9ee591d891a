//! Locates the subject of an image: the window that `crop=entropy` keeps.
//!
//! On a small copy, each pixel gets a weight: by detail, by the distance of its colour from those at the image's edges,
//! and by skin tone. A window scores high if it contains much of that weight, near its centre rather than at its edges,
//! and if little weight is above it, since heads and spires are at the top. The result is deterministic.

use vips::{BandFormat, Image, Result};

use crate::{
    size::{Rect, Size},
    steps::{alpha, profile, resize},
};

use super::blur::Plane;

/// Long side in pixels of the copy that is analysed.
const LOOK: u32 = 128;

/// Shortest side of the copy in pixels: a panorama is distorted rather than reduced to a line.
const SHORTEST: u32 = 8;

/// The window of `size` with the highest score, in an image that is at least as large.
pub fn window(image: &Image, size: Size) -> Result<Rect> {
    let whole = Size { width: image.width(), height: image.height() };
    let weights = Weights::of(image)?;
    let left = start(&weights.columns(), whole.width, size.width, Axis::Across);
    let top = start(&weights.rows(), whole.height, size.height, Axis::Down);
    Ok(Rect { left, top, width: size.width, height: size.height })
}

/// The axis along which a window is moved.
#[derive(Clone, Copy, PartialEq)]
enum Axis {
    Across,
    Down,
}

/// Number of intervals between the positions that are tried.
const PLACES: u32 = 64;

/// How much less a weight counts at the edge of a window than at its centre.
const RIM: f64 = 0.7;

/// Penalty of a weight above the window, relative to the gain of one inside. Windows lower than the fraction `LOW` of
/// the image cannot contain a whole subject and have a lower penalty.
const ABOVE: f64 = 0.55;
const LOW: f64 = 0.33;

/// Preferred centre of a window if nothing else decides, and its influence: horizontally and vertically.
const MIDDLE: [(f64, f64); 2] = [(0.5, 1.0), (0.42, 1.2)];

/// Fraction of the total weight that may be above the top of a subject; margin above it, relative to the image;
/// distance relative to the window within which a top just above the window is moved into it.
const TOP: f64 = 0.01;
const AIR: f64 = 0.03;
const NEARLY: f64 = 0.45;
/// Windows lower than this fraction of the image use a shorter distance.
const HIGH: f64 = 0.4;

/// The start of the best window of `length` along a side of `whole` pixels.
fn start(profile: &[f64], whole: u32, length: u32, axis: Axis) -> u32 {
    let spare = whole.saturating_sub(length);
    let count = profile.len() as f64;
    let part = f64::from(length) / f64::from(whole);
    let profile = Profile::new(profile);
    let places = (0..=PLACES).map(|place| {
        // from the centre outwards, so that the most central of equal positions wins
        let step = f64::from(place.div_ceil(2)) * if place % 2 == 0 { 1.0 } else { -1.0 };
        (0.5 + step / f64::from(PLACES)) * (1.0 - part)
    });
    let scored = places.map(|place| (profile.score(place, part, axis), place));
    let best = scored.reduce(|best, next| if next.0 > best.0 + f64::EPSILON { next } else { best });
    let mut place = best.map_or(0.0, |(_, place)| place);
    if axis == Axis::Down {
        let top = (profile.top() / count - AIR).max(0.0);
        let reach = NEARLY * part * (part / HIGH).min(1.0);
        // a subject that starts at the image's own edge is already cut off
        if top > 0.0 && (top..top + reach).contains(&place) {
            place = top;
        }
    }
    ((place * f64::from(whole)).round() as u32).min(spare)
}

/// Mean weight that counts as nothing: smaller means are not normalised to 1.
const NOTHING: f64 = 0.01;

/// Weights along a side, normalised to a mean of 1, or less if there is hardly any detail.
struct Profile {
    values: Vec<f64>,
    least: f64,
}

impl Profile {
    fn new(values: &[f64]) -> Self {
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let scaled: Vec<f64> = values.iter().map(|value| value / mean.max(NOTHING)).collect();
        let least = scaled.iter().copied().fold(f64::INFINITY, f64::min);
        Self { values: scaled, least }
    }

    /// The score of a window that begins at `place` and is `part` long, both relative to the side.
    fn score(&self, place: f64, part: f64, axis: Axis) -> f64 {
        let count = self.values.len() as f64;
        let (mut inside, mut above) = (0.0, 0.0);
        for (index, value) in self.values.iter().enumerate() {
            // from -1 to 1 inside the window
            let from_middle = (((index as f64 + 0.5) / count - place) / part - 0.5) * 2.0;
            if from_middle.abs() <= 1.0 {
                inside += value * (1.0 - RIM * from_middle * from_middle);
            } else if from_middle < 0.0 {
                above += value - self.least;
            }
        }
        let above = if axis == Axis::Down { ABOVE * (part / LOW).min(1.0) * above } else { 0.0 };
        let (middle, counts) = MIDDLE[axis as usize];
        let off = place + part / 2.0 - middle;
        (inside - above) / count - part * counts * off * off
    }

    /// The first row of the subject.
    fn top(&self) -> f64 {
        let all: f64 = self.values.iter().map(|value| value - self.least).sum();
        let mut sum = 0.0;
        let above = self.values.iter().take_while(|value| {
            sum += **value - self.least;
            sum <= TOP * all
        });
        above.count() as f64
    }
}

/// Differences in CIE Lab at which detail between neighbours, and the distance of a colour from the edge colours, are
/// saturated.
const DETAIL: f32 = 12.0;
const FOREIGN: f32 = 50.0;

/// Weight of lightness relative to the chroma axes in colour distances.
const LIGHTNESS: f32 = 0.5;

/// Centre and radius of skin tones in a and b of CIE Lab, similar to libvips' smartcrop.
const SKIN: [(f32, f32); 2] = [(13.0, 10.0), (18.0, 13.0)];
/// Range of lightness of skin tones.
const SKIN_LIGHT: std::ops::Range<f32> = 25.0..95.0;

/// Weights of detail alone, of a distinct colour alone, and of skin tone with detail around it.
const DETAIL_ALONE: f32 = 0.35;
const FOREIGN_ALONE: f32 = 0.2;
const SKIN_COUNTS: f32 = 0.8;
/// Factor on the detail around skin, whose product is limited to 1.
const AROUND_SKIN: f32 = 3.0;

/// Sigmas in pixels of the copy: noise reduction, detail, skin, and the area around skin.
const NOISE: f32 = 1.0;
const DETAIL_SIGMA: f32 = 2.5;
const SKIN_SIGMA: f32 = 2.0;
const AROUND_SIGMA: f32 = 4.0;

/// The edge colours are taken from this fraction (1/16) of a side.
const SIDE: usize = 16;

/// The weight of each pixel of the copy.
struct Weights(Plane);

impl Weights {
    fn of(image: &Image) -> Result<Self> {
        let (lab, opacity) = copy(image)?;
        let smooth = lab.each_ref().map(|plane| plane.blurred(NOISE));
        let rough = detail(&smooth);
        let (detail, around) = (rough.blurred(DETAIL_SIGMA), rough.blurred(AROUND_SIGMA));
        let skin = skin(&lab).blurred(SKIN_SIGMA);
        let sides = side_colours(&smooth);
        let mut weights = detail.clone();
        for (at, weight) in weights.values.iter_mut().enumerate() {
            let colour = [smooth[0].values[at], smooth[1].values[at], smooth[2].values[at]];
            let nearest = sides.iter().map(|side| distance(colour, *side)).fold(f32::INFINITY, f32::min);
            let foreign = (nearest / FOREIGN).min(1.0);
            let skin = skin.values[at] * (around.values[at] * AROUND_SKIN).min(1.0);
            *weight = *weight * (DETAIL_ALONE + foreign) + FOREIGN_ALONE * foreign + SKIN_COUNTS * skin;
            *weight *= opacity.values[at];
        }
        Ok(Self(weights))
    }

    /// The weight of each column. Strong weights count more than many weak ones: a face more than a floor.
    fn columns(&self) -> Vec<f64> {
        let Plane { width, values, .. } = &self.0;
        along(*width, |index| values.iter().skip(index).step_by(*width))
    }

    /// The weight of each row.
    fn rows(&self) -> Vec<f64> {
        let Plane { width, height, values } = &self.0;
        along(*height, |index| values[index * width..(index + 1) * width].iter())
    }
}

/// The square root of the mean of cubes along each line, slightly smoothed.
fn along<'a, I: ExactSizeIterator<Item = &'a f32>>(count: usize, line: impl Fn(usize) -> I) -> Vec<f64> {
    let strong = |index| {
        let line = line(index);
        let length = line.len().max(1) as f64;
        (line.map(|value| f64::from(*value).powi(3)).sum::<f64>() / length).sqrt()
    };
    let raw: Vec<f64> = (0..count).map(strong).collect();
    let at = |index: isize| raw[index.clamp(0, count as isize - 1) as usize];
    let smooth = |index: isize| {
        0.1 * (at(index - 2) + at(index + 2)) + 0.2 * (at(index - 1) + at(index + 1)) + 0.4 * at(index)
    };
    (0..count as isize).map(smooth).collect()
}

/// A small copy in CIE Lab, composited over white, and its alpha from 0 to 1.
fn copy(image: &Image) -> Result<([Plane; 3], Plane)> {
    let long = image.width().max(image.height());
    let scale = (f64::from(LOOK) / f64::from(long)).min(1.0);
    let scaled = |length: u32| {
        let rounded = (f64::from(length) * scale).round() as u32;
        rounded.max(SHORTEST.min(length)).max(1)
    };
    let size = Size { width: scaled(image.width()), height: scaled(image.height()) };
    let small = profile::coloured(resize::to(image, size)?)?;
    let small = alpha::with_alpha(small)?.cast(BandFormat::Uchar)?;
    let pixels = small.pixels()?;
    let plane = || Plane::new(size.width as usize, size.height as usize);
    let (mut lab, mut opacity) = ([plane(), plane(), plane()], plane());
    for (at, pixel) in pixels.chunks_exact(small.bands() as usize).take(opacity.values.len()).enumerate() {
        let alpha = f32::from(pixel[3]) / 255.0;
        let over = |level: u8| f32::from(level) / 255.0 * alpha + 1.0 - alpha;
        let [light, a, b] = lab_of([over(pixel[0]), over(pixel[1]), over(pixel[2])]);
        (lab[0].values[at], lab[1].values[at], lab[2].values[at]) = (light, a, b);
        opacity.values[at] = alpha;
    }
    Ok((lab, opacity))
}

/// Converts sRGB, 0 to 1, to CIE Lab (IEC 61966-2-1, white D65).
fn lab_of(colour: [f32; 3]) -> [f32; 3] {
    let linear = |value: f32| {
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = colour.map(linear);
    let x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505;
    let y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089;
    let root = |value: f32| {
        if value > 0.008_856 { value.cbrt() } else { 7.787 * value + 16.0 / 116.0 }
    };
    let (x, y, z) = (root(x), root(y), root(z));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The distance between two colours.
fn distance(one: [f32; 3], other: [f32; 3]) -> f32 {
    let [light, a, b] = [0, 1, 2].map(|band| one[band] - other[band]);
    (LIGHTNESS * light * light + a * a + b * b).sqrt()
}

/// Differences between neighbours, 0 to 1; zero at the edges.
fn detail(lab: &[Plane; 3]) -> Plane {
    let mut detail = Plane::new(lab[0].width, lab[0].height);
    let (width, height) = (detail.width, detail.height);
    for row in 0..height {
        for column in 0..width {
            let at = row * width + column;
            let squares = |before: usize, after: usize| -> f32 {
                lab.iter().map(|plane| ((plane.values[after] - plane.values[before]) / 2.0).powi(2)).sum()
            };
            let inside = |place: usize, side: usize| place > 0 && place + 1 < side;
            let across = if inside(column, width) { squares(at - 1, at + 1) } else { 0.0 };
            let down = if inside(row, height) { squares(at - width, at + width) } else { 0.0 };
            detail.values[at] = ((across + down).sqrt() / DETAIL).min(1.0);
        }
    }
    detail
}

/// Likelihood that a colour is a skin tone, 0 to 1.
fn skin(lab: &[Plane; 3]) -> Plane {
    let mut skin = Plane::new(lab[0].width, lab[0].height);
    for (at, value) in skin.values.iter_mut().enumerate() {
        let off = |band: usize, (middle, reach): (f32, f32)| (lab[band].values[at] - middle) / reach;
        let (a, b) = (off(1, SKIN[0]), off(2, SKIN[1]));
        let light = SKIN_LIGHT.contains(&lab[0].values[at]);
        *value = if light { (1.0 - a * a - b * b).max(0.0) } else { 0.0 };
    }
    skin
}

/// The mean colours along the four edges.
fn side_colours(lab: &[Plane; 3]) -> [[f32; 3]; 4] {
    let (width, height) = (lab[0].width, lab[0].height);
    let (wide, high) = (width.div_ceil(SIDE), height.div_ceil(SIDE));
    let areas = [
        (0..width, 0..high),
        (0..width, height - high..height),
        (0..wide, 0..height),
        (width - wide..width, 0..height),
    ];
    areas.map(|(columns, rows)| lab.each_ref().map(|plane| plane.mean(columns.clone(), rows.clone())))
}

#[cfg(test)]
#[path = "subject_tests.rs"]
mod tests;
