//! Colour encodings (primaries, white point, transfer function), and the matrix and tone mapping derived from them.

/// How pixel values represent colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColourEncoding {
    /// Primaries and white point.
    pub primaries: Chromaticities,
    /// From pixel values to linear light.
    pub transfer: TransferFunction,
    /// Full range (0 to 255) or limited range (16 to 235).
    pub full_range: bool,
}

/// Primaries and white point as CIE 1931 x and y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chromaticities {
    /// Red primary.
    pub red: (f64, f64),
    /// Green primary.
    pub green: (f64, f64),
    /// Blue primary.
    pub blue: (f64, f64),
    /// White point.
    pub white: (f64, f64),
}

/// From encoded values, 0 to 1, to linear light, where 1 is the white of sRGB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TransferFunction {
    /// sRGB (IEC 61966-2-1).
    Srgb,
    /// A power function.
    Gamma(f64),
    /// The inverse of the OETF of ITU-R BT.709, BT.601 and BT.2020.
    Bt709,
    /// SMPTE 240M.
    Smpte240,
    /// SMPTE 428-1, digital cinema.
    Smpte428,
    /// Perceptual quantiser (PQ; SMPTE ST 2084, ITU-R BT.2100), tone-mapped to SDR.
    Pq {
        /// Luminance of the brightest pixel in cd/m².
        peak: f64,
    },
    /// Hybrid log-gamma (HLG; ITU-R BT.2100) at its nominal peak, tone-mapped to SDR.
    Hlg,
}

/// Tolerance within which chromaticities count as sRGB's: PNG rounds them to five digits, and they are often rounded to
/// fewer before.
const SAME_CHROMATICITY: f64 = 0.005;

/// Luminance of HDR reference white (ITU-R BT.2408), which is mapped to SDR white, in cd/m².
const REFERENCE_WHITE: f64 = 203.0;

/// Nominal peak luminance of HLG in cd/m², and the system gamma at that peak (ITU-R BT.2100, table 5).
const HLG_PEAK: f64 = 1000.0;
const HLG_SYSTEM_GAMMA: f64 = 1.2;

/// Highest luminance that PQ encodes, in cd/m².
const PQ_PEAK: f64 = 10_000.0;

/// Black and white of limited range, in 8-bit levels.
const NARROW_BLACK: f64 = 16.0;
const NARROW_WHITE: f64 = 235.0;

impl ColourEncoding {
    /// Whether it is sRGB, within an invisible tolerance.
    pub fn is_srgb(&self) -> bool {
        self.transfer == TransferFunction::Srgb && self.full_range && self.primaries.is_srgb()
    }

    /// Whether the light of a channel depends on the other channels, so that curves per channel are not sufficient.
    pub fn mixes_channels(&self) -> bool {
        self.transfer == TransferFunction::Hlg
    }

    /// Converts pixel values from 0 to 1 to the profile connection space (XYZ under D50), by the matrix from
    /// [`Chromaticities::to_profile_space`].
    pub fn colour(&self, matrix: &Matrix, numbers: [f64; 3]) -> [f64; 3] {
        let light = if self.mixes_channels() {
            let scene = numbers.map(|number| hlg_scene(self.full(number)));
            // the system gamma applies to luminance, so that hues are kept (ITU-R BT.2100, table 5)
            let luminance = times(matrix, scene)[1].max(0.0);
            let gain = if luminance > 0.0 { luminance.powf(HLG_SYSTEM_GAMMA - 1.0) } else { 0.0 };
            scene.map(|scene| tone_map(HLG_PEAK * scene * gain, HLG_PEAK))
        } else {
            numbers.map(|number| self.light(number))
        };
        times(matrix, light)
    }

    /// Expands a value to full range.
    fn full(&self, number: f64) -> f64 {
        let number = if self.full_range {
            number
        } else {
            (number * 255.0 - NARROW_BLACK) / (NARROW_WHITE - NARROW_BLACK)
        };
        number.clamp(0.0, 1.0)
    }

    /// The linear light of a value from 0 to 1, per channel, clamped to 0 to 1.
    pub fn light(&self, number: f64) -> f64 {
        self.transfer.light(self.full(number)).clamp(0.0, 1.0)
    }
}

impl TransferFunction {
    /// The linear light of a full-range value from 0 to 1.
    pub fn light(self, number: f64) -> f64 {
        match self {
            Self::Srgb => srgb_light(number),
            Self::Gamma(gamma) => number.powf(gamma),
            // H.273, 8.2, value 1, with the 12-bit constants of BT.2020
            Self::Bt709 if number < 4.5 * 0.018_053_968_51 => number / 4.5,
            Self::Bt709 => ((number + 0.099_296_826_81) / 1.099_296_826_81).powf(1.0 / 0.45),
            Self::Smpte240 if number < 4.0 * 0.022_821_585_53 => number / 4.0,
            Self::Smpte240 => ((number + 0.111_572_195_92) / 1.111_572_195_92).powf(1.0 / 0.45),
            Self::Smpte428 => 52.37 / 48.0 * number.powf(2.6),
            Self::Pq { peak } => tone_map(pq_light(number), peak),
            Self::Hlg => tone_map(HLG_PEAK * hlg_scene(number).powf(HLG_SYSTEM_GAMMA), HLG_PEAK),
        }
    }
}

/// The linear light of an sRGB-encoded value (IEC 61966-2-1).
pub fn srgb_light(number: f64) -> f64 {
    if number <= 0.040_45 { number / 12.92 } else { ((number + 0.055) / 1.055).powf(2.4) }
}

/// The sRGB-encoded value of linear light.
pub fn srgb_number(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Constants of PQ (ITU-R BT.2100, table 4).
const M1: f64 = 2610.0 / 16_384.0;
const M2: f64 = 2523.0 / 4096.0 * 128.0;
const C1: f64 = 3424.0 / 4096.0;
const C2: f64 = 2413.0 / 4096.0 * 32.0;
const C3: f64 = 2392.0 / 4096.0 * 32.0;

/// Luminance in cd/m² of a PQ-encoded value.
fn pq_light(number: f64) -> f64 {
    let power = number.max(0.0).powf(1.0 / M2);
    PQ_PEAK * ((power - C1).max(0.0) / (C2 - C3 * power)).powf(1.0 / M1)
}

/// The PQ-encoded value of a luminance in cd/m².
fn pq_number(light: f64) -> f64 {
    let power = (light / PQ_PEAK).clamp(0.0, 1.0).powf(M1);
    ((C1 + C2 * power) / (1.0 + C3 * power)).powf(M2)
}

/// Scene light, 0 to 1, of an HLG-encoded value (ITU-R BT.2100, table 5).
fn hlg_scene(number: f64) -> f64 {
    const A: f64 = 0.178_832_77;
    let b = 1.0 - 4.0 * A;
    let c = 0.5 - A * (4.0 * A).ln();
    if number <= 0.5 { number * number / 3.0 } else { (((number - c) / A).exp() + b) / 12.0 }
}

/// Tone mapping: maps a luminance of an image with this peak luminance, both in cd/m², to linear light relative to SDR
/// white.
///
/// The EETF of ITU-R BT.2390 (5.4.1), per channel: unchanged below the knee, above it a Hermite spline in PQ values up
/// to SDR white. Mid-tones are those of the HDR image with reference white at 203 cd/m².
fn tone_map(light: f64, peak: f64) -> f64 {
    if peak <= REFERENCE_WHITE {
        return light / REFERENCE_WHITE;
    }
    let top = pq_number(peak.min(PQ_PEAK));
    let most = pq_number(REFERENCE_WHITE) / top;
    let knee = 1.5 * most - 0.5;
    let number = (pq_number(light) / top).min(1.0);
    let mapped = if number < knee {
        number
    } else {
        let t = (number - knee) / (1.0 - knee);
        let (square, cube) = (t * t, t * t * t);
        (2.0 * cube - 3.0 * square + 1.0) * knee
            + (cube - 2.0 * square + t) * (1.0 - knee)
            + (3.0 * square - 2.0 * cube) * most
    };
    pq_light(mapped * top) / REFERENCE_WHITE
}

/// White point of the profile connection space, D50 (ICC.1:2022, 7.2.16).
pub const D50: [f64; 3] = [0.9642, 1.0, 0.8249];

/// Bradford chromatic adaptation matrix (ICC.1:2022, annex E), by rows.
const BRADFORD: [[f64; 3]; 3] =
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];

/// A 3 × 3 matrix by rows.
pub type Matrix = [[f64; 3]; 3];

impl Chromaticities {
    /// sRGB and ITU-R BT.709.
    pub const SRGB: Self =
        Self { red: (0.64, 0.33), green: (0.3, 0.6), blue: (0.15, 0.06), white: (0.3127, 0.329) };

    fn is_srgb(&self) -> bool {
        let near = |a: (f64, f64), b: (f64, f64)| {
            (a.0 - b.0).abs() <= SAME_CHROMATICITY && (a.1 - b.1).abs() <= SAME_CHROMATICITY
        };
        let Self { red, green, blue, white } = Self::SRGB;
        near(self.red, red) && near(self.green, green) && near(self.blue, blue) && near(self.white, white)
    }

    /// The matrix from linear RGB to XYZ under D50, by rows; `None` if the primaries do not span a gamut.
    pub fn to_profile_space(self) -> Option<Matrix> {
        let point = |(x, y): (f64, f64)| {
            let inside = x >= 0.0 && y > 0.0 && x + y <= 1.0;
            inside.then(|| [x / y, 1.0, (1.0 - x - y) / y])
        };
        let columns = [point(self.red)?, point(self.green)?, point(self.blue)?];
        let white = point(self.white)?;
        let primaries: Matrix = std::array::from_fn(|row| columns.map(|column| column[row]));
        let scales = times(&inverse(&primaries)?, white);
        let to_xyz: Matrix =
            std::array::from_fn(|row| std::array::from_fn(|n| primaries[row][n] * scales[n]));
        let (from, to) = (times(&BRADFORD, white), times(&BRADFORD, D50));
        let gains: Matrix =
            std::array::from_fn(|row| std::array::from_fn(|n| if row == n { to[n] / from[n] } else { 0.0 }));
        let adapted = product(&inverse(&BRADFORD)?, &product(&gains, &product(&BRADFORD, &to_xyz)));
        // s15Fixed16 values of a profile reach to 32768; a valid matrix has no entry close to 8
        let sane = scales.iter().all(|scale| *scale > 0.0) && adapted.iter().flatten().all(|n| n.abs() < 8.0);
        sane.then_some(adapted)
    }
}

fn times(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

fn product(left: &Matrix, right: &Matrix) -> Matrix {
    let column = |n: usize| times(left, right.map(|row| row[n]));
    let columns = [column(0), column(1), column(2)];
    std::array::from_fn(|row| columns.map(|column| column[row]))
}

fn inverse(matrix: &Matrix) -> Option<Matrix> {
    let minor = |row: usize, column: usize| {
        let at = |r: usize, c: usize| matrix[(row + r) % 3][(column + c) % 3];
        at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)
    };
    let determinant: f64 = (0..3).map(|column| matrix[0][column] * minor(0, column)).sum();
    let is_sane = determinant.is_finite() && determinant.abs() > 1e-6;
    is_sane.then(|| std::array::from_fn(|row| std::array::from_fn(|n| minor(n, row) / determinant)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_of_srgb_is_as_published() {
        // ICC profile "sRGB IEC61966-2.1", Lindbloom's values under D50
        let expected = [[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7142]];
        let found = Chromaticities::SRGB.to_profile_space().unwrap();
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 4e-4, "{found} for {expected}");
        }
    }

    #[test]
    fn degenerate_primaries_are_refused() {
        let srgb = Chromaticities::SRGB;
        for broken in [
            Chromaticities { red: srgb.green, ..srgb },
            Chromaticities { white: (0.0, 0.0), ..srgb },
            Chromaticities { red: (0.9, 0.9), ..srgb },
            Chromaticities { white: (0.9, 0.05), ..srgb },
            Chromaticities { blue: (0.2, f64::NAN), ..srgb },
        ] {
            assert_eq!(broken.to_profile_space(), None, "{broken:?}");
        }
    }

    #[test]
    fn hdr_transfer_functions_match_known_points() {
        // BT.2408, table 1: diffuse white is at 58 % of PQ and at 75 % of HLG
        assert!((pq_number(203.0) - 0.5807).abs() < 1e-3 && (pq_light(1.0) - 10_000.0).abs() < 1e-6);
        assert!((pq_light(pq_number(77.0)) - 77.0).abs() < 1e-9);
        let white = HLG_PEAK * hlg_scene(0.75).powf(HLG_SYSTEM_GAMMA);
        assert!((white - 203.0).abs() < 1.0 && (hlg_scene(1.0) - 1.0).abs() < 1e-6, "{white}");
    }

    #[test]
    fn tone_mapping_keeps_mid_tones_and_compresses_highlights() {
        for peak in [100.0, 203.0, 204.0, 400.0, 1000.0, 4000.0, 10_000.0, 1e9] {
            let steps: Vec<_> = (0..=1000)
                .map(|step| TransferFunction::Pq { peak }.light(f64::from(step) / 1000.0))
                .collect();
            assert!(steps.is_sorted(), "{peak}");
            // a grey card has 18 % of diffuse white
            let grey = tone_map(0.18 * REFERENCE_WHITE, peak);
            let allowed = if peak > 1000.0 { 0.05 } else { 0.001 };
            assert!((grey - 0.18).abs() < allowed, "{peak}: {grey}");
        }
        assert!((tone_map(1000.0, 1000.0) - 1.0).abs() < 1e-6);
        let white = tone_map(203.0, 1000.0);
        assert!((0.7..0.9).contains(&white), "{white}");
    }

    #[test]
    fn limited_range_is_16_to_235() {
        let narrow = ColourEncoding {
            primaries: Chromaticities::SRGB,
            transfer: TransferFunction::Gamma(1.0),
            full_range: false,
        };
        assert_eq!((narrow.light(16.0 / 255.0), narrow.light(0.0), narrow.light(1.0)), (0.0, 0.0, 1.0));
        assert!((narrow.light(235.0 / 255.0) - 1.0).abs() < 1e-9);
    }
}
