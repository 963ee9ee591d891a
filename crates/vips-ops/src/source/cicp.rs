//! Coding-independent code points (CICP, ITU-T H.273): colour spaces identified by numbers, in AVIF and PNG.

use super::colour_encoding::{Chromaticities, ColourEncoding, TransferFunction};

/// The code points stated by a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cicp {
    /// Colour primaries (H.273, table 2).
    pub primaries: u16,
    /// Transfer characteristics (H.273, table 3).
    pub transfer: u16,
    /// Full range (0 to 255) or limited range (16 to 235).
    pub full_range: bool,
    /// Luminance of the brightest pixel, or of the mastering display's white, in cd/m², if stated.
    pub peak: Option<f64>,
}

/// Peak luminance in cd/m² where none is stated: what most HDR is mastered for, and the nominal peak of HLG (ITU-R
/// BT.2100).
const USUAL_PEAK: f64 = 1000.0;

/// Transfer characteristics with a defined meaning.
const KNOWN_TRANSFERS: [u16; 12] = [1, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18];

const D65: (f64, f64) = (0.3127, 0.329);
const ILLUMINANT_C: (f64, f64) = (0.310, 0.316);
const DCI_WHITE: (f64, f64) = (0.314, 0.351);

impl Cicp {
    /// The colour encoding. Reserved and unspecified code points are treated as sRGB.
    pub fn encoding(self) -> ColourEncoding {
        let primaries = primaries(self.primaries).unwrap_or(Chromaticities::SRGB);
        ColourEncoding { primaries, transfer: self.transfer_function(), full_range: self.full_range }
    }

    /// Whether both code points are defined. PNG falls back to other chunks if not.
    pub fn is_known(self) -> bool {
        primaries(self.primaries).is_some() && KNOWN_TRANSFERS.contains(&self.transfer)
    }

    fn transfer_function(self) -> TransferFunction {
        let peak = self.peak.unwrap_or(USUAL_PEAK);
        match self.transfer {
            // BT.709-like transfers are displayed unconverted by browsers and players; applying the inverse camera
            // curve would make such images paler than anybody has seen them
            1 | 6 | 14 | 15 if matches!(self.primaries, 9 | 11 | 12) => TransferFunction::Bt709,
            4 => TransferFunction::Gamma(2.2),
            5 => TransferFunction::Gamma(2.8),
            7 => TransferFunction::Smpte240,
            8 => TransferFunction::Gamma(1.0),
            16 => TransferFunction::Pq { peak },
            17 => TransferFunction::Smpte428,
            18 => TransferFunction::Hlg,
            _ => TransferFunction::Srgb,
        }
    }
}

fn primaries(number: u16) -> Option<Chromaticities> {
    let of = |red, green, blue, white| Some(Chromaticities { red, green, blue, white });
    match number {
        1 => Some(Chromaticities::SRGB),
        4 => of((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), ILLUMINANT_C),
        5 => of((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
        6 | 7 => of((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), D65),
        8 => of((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), ILLUMINANT_C),
        9 => of((0.708, 0.292), (0.17, 0.797), (0.131, 0.046), D65),
        11 => of((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), DCI_WHITE),
        12 => of((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), D65),
        22 => of((0.63, 0.34), (0.295, 0.605), (0.155, 0.077), D65),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(primaries: u16, transfer: u16) -> ColourEncoding {
        Cicp { primaries, transfer, full_range: true, peak: None }.encoding()
    }

    #[test]
    fn srgb_and_unspecified_code_points_are_srgb() {
        for (primaries, transfer) in
            [(1, 13), (1, 1), (1, 6), (2, 2), (0, 0), (3, 3), (1, 2), (2, 13), (99, 99)]
        {
            assert!(encoding(primaries, transfer).is_srgb(), "{primaries} {transfer}");
        }
        for (primaries, transfer) in [(12, 13), (9, 13), (9, 16), (1, 8), (1, 4), (1, 16), (2, 18), (6, 6)] {
            assert!(!encoding(primaries, transfer).is_srgb(), "{primaries} {transfer}");
        }
        let narrow = Cicp { primaries: 1, transfer: 13, full_range: false, peak: None };
        assert!(!narrow.encoding().is_srgb());
    }

    #[test]
    fn every_code_point_has_an_encoding() {
        for primaries in 0..300 {
            for transfer in 0..30 {
                let ColourEncoding { transfer: curve, primaries, .. } = encoding(primaries, transfer);
                let ends = (curve.light(0.0), curve.light(1.0));
                assert!(ends.0.abs() < 1e-6 && (0.9..=1.1).contains(&ends.1), "{transfer}: {ends:?}");
                let steps: Vec<_> = (0..=255).map(|step| curve.light(f64::from(step) / 255.0)).collect();
                assert!(steps.is_sorted(), "{transfer}");
                assert!(primaries.to_profile_space().is_some());
            }
        }
    }
}
