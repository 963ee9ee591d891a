//! Tone curves: functions applied to each channel separately.

use super::{luma::LUMA, spline, srgb};

/// A curve over sRGB-encoded values from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// `slope · x + offset`.
    Line {
        /// Slope of the line.
        slope: f32,
        /// The value of black, 0 to 1.
        offset: f32,
    },
    /// `x / (x + (1 − x) · ratio)`: keeps black and white; mid-tones become lighter (ratio below 1) or darker (above
    /// 1).
    Bias(f32),
    /// A logistic S-curve of this steepness, scaled so that black and white are kept; its inverse if negative.
    Sigmoid(f32),
    /// `x ^ exponent`.
    Power(f32),
    /// Factors on linear light for red, green and blue.
    Gains([f32; 3]),
    /// Maps `low..high` to 0 to 1, then raises to `exponent`.
    Levels {
        /// Input level that becomes black.
        low: f32,
        /// Input level that becomes white.
        high: f32,
        /// Exponent of the mid-tones.
        exponent: f32,
    },
    /// Monotone cubic curves through control points, for red, green and blue.
    Points([&'static [(f32, f32)]; 3]),
    /// Posterises to this number of levels.
    Steps(f32),
    /// `1 − x`.
    Negative,
}

/// Stops by which a brightness of 1 changes the ratio of light to missing light: mid grey becomes 0.8, and 0.2 at -1.
const BRIGHTNESS_STOPS: f32 = 2.0;

/// Steepness of the S-curve at a contrast of 1: the slope at mid grey is 2.1, and 0.48 at -1.
const CONTRAST_STEEPNESS: f32 = 8.0;

impl Curve {
    /// Brightness from -1 to 1: the bias curve of Schlick ("Fast Alternatives to Perlin's Bias and Gain Functions",
    /// Graphics Gems IV, 1994). Black and white are kept, nothing is clipped, and the opposite value is the inverse.
    pub fn brightness(brightness: f32) -> Self {
        Self::Bias(2f32.powf(-BRIGHTNESS_STOPS * brightness))
    }

    /// Contrast from -1 to 1: an S-curve about mid grey (as ImageMagick's `-sigmoidal-contrast`). Black and white are
    /// kept, nothing is clipped, and the opposite value is the inverse.
    pub fn contrast(contrast: f32) -> Self {
        Self::Sigmoid(CONTRAST_STEEPNESS * contrast)
    }

    /// Gamma from -1 to 1, symmetric in stops: exponents from 2 to 1/2.
    pub fn gamma(gamma: f32) -> Self {
        Self::Power(1.0 / 2f32.powf(gamma))
    }

    /// Warmth from -1 (cold) to 1 (warm): gains on linear light per channel (a von Kries adaptation in RGB), normalised
    /// to keep the luma of greys.
    pub fn warmth(warmth: f32) -> Self {
        Self::balanced([2f32.powf(0.35 * warmth), 2f32.powf(0.04 * warmth), 2f32.powf(-0.45 * warmth)])
    }

    /// Gains normalised to a luma-weighted sum of 1, so that a grey keeps its lightness.
    pub fn balanced(gains: [f32; 3]) -> Self {
        let weight: f32 = gains.iter().zip(LUMA).map(|(gain, luma)| gain * luma).sum();
        Self::Gains(gains.map(|gain| gain / weight))
    }

    /// The value of the curve at `x` for a channel (0 red, 1 green, 2 blue), clamped to 0 to 1.
    pub fn at(&self, channel: usize, x: f32) -> f32 {
        let value = match self {
            Self::Line { slope, offset } => slope * x + offset,
            Self::Bias(ratio) => x / (x + (1.0 - x) * ratio),
            Self::Sigmoid(steepness) => sigmoid(*steepness, x),
            Self::Power(exponent) => x.powf(*exponent),
            Self::Gains(gains) => srgb::encoded(srgb::linear(x) * gains[channel]),
            Self::Levels { low, high, exponent } => {
                ((x - low) / (high - low)).clamp(0.0, 1.0).powf(*exponent)
            }
            Self::Points(points) => spline::through(points[channel], x),
            Self::Steps(levels) => (x * levels).floor().min(levels - 1.0) / (levels - 1.0),
            Self::Negative => 1.0 - x,
        };
        value.clamp(0.0, 1.0)
    }
}

/// Below this absolute steepness the S-curve differs from a straight line by less than 0.01 of an 8-bit level.
const STRAIGHT: f32 = 1e-2;

fn sigmoid(steepness: f32, x: f32) -> f32 {
    if steepness.abs() < STRAIGHT {
        return x;
    }
    let steep = steepness.abs();
    let logistic = |x: f32| 1.0 / (1.0 + (-steep * (x - 0.5)).exp());
    let (low, high) = (logistic(0.0), logistic(1.0));
    if steepness > 0.0 {
        return (logistic(x) - low) / (high - low);
    }
    let value = low + x * (high - low);
    0.5 - (1.0 / value - 1.0).ln() / steep
}

/// The lookup table of a chain of curves: for each 8-bit level the new red, green and blue.
pub fn table(curves: &[Curve]) -> Vec<[u8; 3]> {
    (0..=255u8)
        .map(|level| chain(curves, [f32::from(level) / 255.0; 3]).map(|value| (value * 255.0).round() as u8))
        .collect()
}

/// A chain of curves for colours between 8-bit levels: a table with linear interpolation.
pub struct Levels([[f32; 257]; 3]);

impl Levels {
    /// Tabulates a chain of curves.
    pub fn new(curves: &[Curve]) -> Self {
        let mut table = [[0.0; 257]; 3];
        for level in 0..257u16 {
            // one more entry after the last level, so that interpolation at white stays in the table
            let colour = chain(curves, [f32::from(level.min(255)) / 255.0; 3]);
            for (channel, value) in table.iter_mut().zip(colour) {
                channel[usize::from(level)] = value;
            }
        }
        Self(table)
    }

    /// The new colour of a colour whose channels are from 0 to 1.
    #[inline]
    pub fn at(&self, colour: [f32; 3]) -> [f32; 3] {
        std::array::from_fn(|channel| {
            let place = colour[channel] * 255.0;
            let level = place as i32 as usize % 256;
            let (low, high) = (self.0[channel][level], self.0[channel][level + 1]);
            low + (place - level as f32) * (high - low)
        })
    }
}

/// A colour after a chain of curves.
fn chain(curves: &[Curve], colour: [f32; 3]) -> [f32; 3] {
    let mut channel = 0;
    colour.map(|value| {
        let value = curves.iter().fold(value, |value, curve| curve.at(channel, value));
        channel += 1;
        value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutral_values_change_nothing() {
        for curve in [Curve::brightness(0.0), Curve::contrast(0.0), Curve::gamma(0.0), Curve::warmth(0.0)] {
            for (level, colour) in table(std::slice::from_ref(&curve)).into_iter().enumerate() {
                assert_eq!(colour, [level as u8; 3], "{curve:?}");
            }
        }
    }

    #[test]
    fn extreme_values_have_the_documented_effect() {
        assert!((Curve::gamma(1.0).at(0, 0.25) - 0.5).abs() < 1e-6);
        assert!((Curve::gamma(-1.0).at(0, 0.5) - 0.25).abs() < 1e-6);
        let [red, green, blue] = [0, 1, 2].map(|channel| Curve::warmth(1.0).at(channel, 0.5));
        assert!(red > green && green > blue);
    }

    #[test]
    fn brightness_and_contrast_keep_the_ends_are_monotone_and_invertible() {
        for step in -20..=20i16 {
            let amount = f32::from(step) / 20.0;
            for make in [Curve::brightness, Curve::contrast] {
                let (curve, opposite) = (make(amount), make(-amount));
                let (black, white) = (curve.at(0, 0.0), curve.at(0, 1.0));
                assert!(black.abs() < 1e-5 && (white - 1.0).abs() < 1e-5, "{curve:?}: {black} {white}");
                let mut before = -1.0;
                for level in 0..=255u8 {
                    let x = f32::from(level) / 255.0;
                    let value = curve.at(0, x);
                    assert!(value > before, "{curve:?} at {level}");
                    before = value;
                    assert!((opposite.at(0, value) - x).abs() < 2e-3, "{curve:?} at {level}");
                    let side = value - x;
                    let lighter =
                        if make(0.5) == Curve::brightness(0.5) { amount } else { amount * (x - 0.5) };
                    assert!(side * lighter >= -1e-5, "{curve:?} at {level}");
                }
            }
            let middle = Curve::contrast(amount).at(0, 0.5);
            assert!((middle - 0.5).abs() < 1e-5, "contrast turns about mid grey");
        }
        assert!((Curve::brightness(1.0).at(0, 0.5) - 0.8).abs() < 1e-5);
    }

    #[test]
    fn a_table_equals_the_chain_of_its_curves() {
        let curves = [Curve::brightness(0.2), Curve::contrast(0.3), Curve::gamma(0.5), Curve::warmth(-0.4)];
        let composed = table(&curves);
        for level in [0usize, 17, 100, 200, 255] {
            let by_hand = curves.iter().fold(level as f32 / 255.0, |value, curve| curve.at(1, value));
            assert_eq!(composed[level][1], (by_hand * 255.0).round() as u8);
            let between = Levels::new(&curves).at([level as f32 / 255.0; 3])[1];
            assert!((between - by_hand).abs() < 1e-5, "{level}");
        }
    }
}
