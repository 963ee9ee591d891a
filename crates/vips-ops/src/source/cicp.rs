//! Colour spaces by numbers: coding-independent code points (ITU-T H.273), as AVIF and PNG state them.

use super::colour_encoding::{Chromaticities, ColourEncoding, TransferFunction};

/// What a file states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cicp {
    /// Colour primaries (H.273, table 2).
    pub primaries: u16,
    /// Transfer characteristics (H.273, table 3).
    pub transfer: u16,
    /// Whether black is 0 and white the largest number; else 16 and 235 of 255.
    pub full_range: bool,
    /// The brightest pixel of the picture, or that its master display could show, in candela a square metre.
    pub peak: Option<f64>,
}

/// Brightness of pictures that state none, in candela a square metre: what HDR is mostly mastered for, and the nominal
/// peak of HLG (ITU-R BT.2100).
const USUAL_PEAK: f64 = 1000.0;

/// Transfer characteristics that are read.
const KNOWN_TRANSFERS: [u16; 12] = [1, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18];

const D65: (f64, f64) = (0.3127, 0.329);
const ILLUMINANT_C: (f64, f64) = (0.310, 0.316);
const DCI_WHITE: (f64, f64) = (0.314, 0.351);

impl Cicp {
    /// What the numbers mean. Numbers that are reserved, or mean that nothing is known, are taken as sRGB's.
    pub fn encoding(self) -> ColourEncoding {
        let primaries = primaries(self.primaries).unwrap_or(Chromaticities::SRGB);
        ColourEncoding { primaries, transfer: self.transfer_function(), full_range: self.full_range }
    }

    /// Whether both numbers name something. PNG leaves others to what else the file says.
    pub fn is_known(self) -> bool {
        primaries(self.primaries).is_some() && KNOWN_TRANSFERS.contains(&self.transfer)
    }

    fn transfer_function(self) -> TransferFunction {
        let peak = self.peak.unwrap_or(USUAL_PEAK);
        match self.transfer {
            // video of the usual primaries is shown as it stands, as browsers and players show it: its curve is the
            // camera's, and undoing that would make it paler than anybody has seen it
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
    fn what_is_srgb_or_says_nothing_stands_as_it_is() {
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
    fn every_number_is_read() {
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
