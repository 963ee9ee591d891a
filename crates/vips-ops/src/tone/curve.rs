//! Curves: what is done to each channel by itself.

use super::{luma::LUMA, spline, srgb};

/// A curve over values from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// `slope · x + offset`.
    Line {
        /// Of the line.
        slope: f32,
        /// What black becomes.
        offset: f32,
    },
    /// `x / (x + (1 − x) · ratio)`: black and white stay, what lies between becomes lighter (below 1) or darker.
    Bias(f32),
    /// A logistic S of this steepness, stretched so that black and white stay; its inverse if negative.
    Sigmoid(f32),
    /// `x ^ exponent`.
    Power(f32),
    /// Linear light times a factor for red, green and blue.
    Gains([f32; 3]),
    /// From `low..high` to the whole range, then `x ^ exponent`.
    Levels {
        /// Becomes black.
        low: f32,
        /// Becomes white.
        high: f32,
        /// Of what lies between.
        exponent: f32,
    },
    /// A monotone curve through points, for red, green and blue.
    Points([&'static [(f32, f32)]; 3]),
    /// That many levels.
    Steps(f32),
    /// `1 − x`.
    Negative,
}

/// Stops by which full brightness moves the ratio of light to missing light: mid grey becomes 0.8, at -1 0.2.
const BRIGHTNESS_STOPS: f32 = 2.0;

/// Steepness of the S of full contrast: mid grey has a slope of 2.1, and of 0.48 at -1.
const CONTRAST_STEEPNESS: f32 = 8.0;

impl Curve {
    /// Brightness from -1 to 1: the bias curve of Schlick (Graphics Gems IV, 1994). Black and white stay, nothing is clipped,
    /// and the opposite value undoes it.
    pub fn brightness(brightness: f32) -> Self {
        Self::Bias(2f32.powf(-BRIGHTNESS_STOPS * brightness))
    }

    /// Contrast from -1 to 1: an S about mid grey (as ImageMagick's sigmoidal contrast). Black and white stay, nothing is clipped,
    /// and the opposite value undoes it.
    pub fn contrast(contrast: f32) -> Self {
        Self::Sigmoid(CONTRAST_STEEPNESS * contrast)
    }

    /// Gamma from -1 to 1, symmetric in stops: exponents from 2 to 1/2.
    pub fn gamma(gamma: f32) -> Self {
        Self::Power(1.0 / 2f32.powf(gamma))
    }

    /// Warmth from -1 to 1: gains on linear light as a von Kries adaptation, luma kept.
    pub fn warmth(warmth: f32) -> Self {
        Self::balanced([2f32.powf(0.35 * warmth), 2f32.powf(0.04 * warmth), 2f32.powf(-0.45 * warmth)])
    }

    /// Gains whose weighted sum is one, so that a grey keeps its lightness.
    pub fn balanced(gains: [f32; 3]) -> Self {
        let weight: f32 = gains.iter().zip(LUMA).map(|(gain, luma)| gain * luma).sum();
        Self::Gains(gains.map(|gain| gain / weight))
    }

    /// The value for `x` of channel 0 to 2, clipped to 0 to 1.
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

/// Below this steepness, of either sign, the S is a straight line to within a hundredth of a level.
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

/// The lookup table of curves one after the other: for each level the new red, green and blue.
pub fn table(curves: &[Curve]) -> Vec<[u8; 3]> {
    (0..=255u8)
        .map(|level| chain(curves, [f32::from(level) / 255.0; 3]).map(|value| (value * 255.0).round() as u8))
        .collect()
}

/// Curves one after the other for colours between levels, by straight lines from level to level.
pub struct Levels([[f32; 257]; 3]);

impl Levels {
    /// Tabulates.
    pub fn new(curves: &[Curve]) -> Self {
        let mut table = [[0.0; 257]; 3];
        for level in 0..257u16 {
            // the entry after the last level, for what lies at it
            let colour = chain(curves, [f32::from(level.min(255)) / 255.0; 3]);
            for (channel, value) in table.iter_mut().zip(colour) {
                channel[usize::from(level)] = value;
            }
        }
        Self(table)
    }

    /// The new colour of a colour from 0 to 1.
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

/// A colour through curves one after the other.
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
    fn extremes_are_what_they_say() {
        assert!((Curve::gamma(1.0).at(0, 0.25) - 0.5).abs() < 1e-6);
        assert!((Curve::gamma(-1.0).at(0, 0.5) - 0.25).abs() < 1e-6);
        let [red, green, blue] = [0, 1, 2].map(|channel| Curve::warmth(1.0).at(channel, 0.5));
        assert!(red > green && green > blue);
    }

    #[test]
    fn brightness_and_contrast_keep_the_ends_order_and_way_back() {
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
    fn a_table_is_the_chain_of_its_curves() {
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
