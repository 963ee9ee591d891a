//! Scores of images at every quality, and the targets that reach a goal on average.

use image_api::{OutputFormat, params::output::quality_method::QualityMethod};

use super::{FORMATS, Numbers};

/// The default range of qualities, for which presets are calibrated.
const USUAL: Range = Range { first: 4, last: 12 };

/// The range for presets whose goal is outside what the default range can reach.
const WIDE: Range = Range { first: 0, last: 13 };

/// Steps of the bisection: enough for every printed digit.
const HALVINGS: usize = 40;

/// Indices into `QUALITIES`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    first: usize,
    last: usize,
}

#[derive(Clone)]
/// One image in one format at every quality.
pub struct Curve {
    /// The index of its long side in `SIDES`.
    pub size: usize,
    /// Its format.
    pub format: OutputFormat,
    /// The score of every method at every quality.
    pub points: Vec<Numbers>,
}

/// The range in which a goal is searched, and the images in formats that reach it there.
pub fn with_goal(curves: &[Curve], goal: f64) -> (Range, Vec<&Curve>) {
    let of = |format| curves.iter().filter(|curve| curve.format == format).collect::<Vec<_>>();
    let by_format = FORMATS.map(of);
    let range = if by_format.iter().all(|curves| reaches(curves, USUAL, goal)) { USUAL } else { WIDE };
    // WebP with its 4:2:0 chroma never reaches the scores of the best JPEG, so it is excluded where it cannot reach the
    // goal
    let kept = by_format.into_iter().filter(|curves| reaches(curves, range, goal)).flatten();
    (range, kept.collect())
}

/// Whether the goal is between the lowest and the highest mean SSIMULACRA2.
fn reaches(curves: &[&Curve], range: Range, goal: f64) -> bool {
    let score = |curve: &Curve, at: usize| curve.points[at][QualityMethod::Ssimulacra2 as usize];
    let mean = |at| curves.iter().map(|curve| score(curve, at)).sum::<f64>() / curves.len() as f64;
    mean(range.first) <= goal && mean(range.last) >= goal
}

/// The target at which the mean SSIMULACRA2 is the goal.
pub fn target(curves: &[&Curve], range: Range, method: QualityMethod, goal: f64) -> f64 {
    let numbers = || curves.iter().flat_map(|curve| curve.points.iter().map(|point| point[method as usize]));
    let mut low = numbers().fold(f64::INFINITY, f64::min);
    let mut high = numbers().fold(f64::NEG_INFINITY, f64::max);
    for _ in 0..HALVINGS {
        let middle = low.midpoint(high);
        let mean =
            curves.iter().map(|curve| curve.score(range, method, middle)).sum::<f64>() / curves.len() as f64;
        if (mean < goal) == method.prefers_less() {
            high = middle;
        } else {
            low = middle;
        }
    }
    low.midpoint(high)
}

impl Curve {
    /// SSIMULACRA2 at the lowest quality of the range that meets a target, or at the highest.
    fn score(&self, range: Range, method: QualityMethod, target: f64) -> f64 {
        let number = |point: &Numbers| point[method as usize];
        let score = |point: &Numbers| point[QualityMethod::Ssimulacra2 as usize];
        let points = &self.points[range.first..=range.last];
        match points.iter().position(|point| method.is_met(number(point), target)) {
            None => score(&points[points.len() - 1]),
            Some(0) => score(&points[0]),
            Some(after) => {
                let (low, high) = (&points[after - 1], &points[after]);
                let part = (target - number(low)) / (number(high) - number(low));
                score(low) + part * (score(high) - score(low))
            }
        }
    }
}
