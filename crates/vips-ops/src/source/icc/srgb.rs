//! Detects profiles that are equivalent to sRGB, by what they do and not by their name.

use vips::{Image, Interpretation};

use super::{data, number};
use crate::source::{
    Profile,
    colour_encoding::{Chromaticities, srgb_number},
};

/// The profile kind of an image, by its embedded profile.
pub(in crate::source) fn of_image(image: &Image) -> Profile {
    let grey = matches!(image.interpretation(), Interpretation::Grey | Interpretation::Grey16);
    match image.block(c"icc-profile-data") {
        Some(profile) if grey || !is_srgb(profile) => Profile::Foreign,
        _ => Profile::Srgb,
    }
}

/// Tags of lookup tables, which take precedence over matrix and curves (ICC.1:2022, 8.3).
const TABLES: [[u8; 4]; 8] = [*b"A2B0", *b"A2B1", *b"A2B2", *b"A2B3", *b"D2B0", *b"D2B1", *b"D2B2", *b"D2B3"];

/// Offsets in the header of the device and connection colour spaces.
const DEVICE_SPACE: usize = 16;
const CONNECTION_SPACE: usize = 20;

/// Tolerance of primaries in XYZ: versions of the sRGB profile differ by less than 0.001.
const SAME_PRIMARY: f64 = 0.003;

/// Tolerance of curves in sRGB-encoded values: 1.5 8-bit levels.
const SAME_CURVE: f64 = 1.5 / 255.0;

/// Number of intervals at which curves are compared.
const STEPS: u32 = 64;

/// Whether a matrix/TRC profile is equivalent to sRGB. A profile with lookup tables never is.
pub fn is_srgb(profile: &[u8]) -> bool {
    is_by_matrix(profile)
        && has_primaries(profile)
        && [*b"rTRC", *b"gTRC", *b"bTRC"].iter().all(|tag| has_curve(profile, *tag))
}

fn is_by_matrix(profile: &[u8]) -> bool {
    let spaces = profile.get(DEVICE_SPACE..CONNECTION_SPACE + 4);
    spaces == Some(b"RGB XYZ ") && TABLES.iter().all(|tag| data(profile, *tag).is_none())
}

fn has_primaries(profile: &[u8]) -> bool {
    let Some(expected) = Chromaticities::SRGB.to_profile_space() else { return false };
    [*b"rXYZ", *b"gXYZ", *b"bXYZ"].iter().enumerate().all(|(column, tag)| {
        let Some(data) = data(profile, *tag) else { return false };
        (0..3).all(|row| {
            let found = fixed(data, 8 + 4 * row);
            found.is_some_and(|found| (found - expected[row][column]).abs() <= SAME_PRIMARY)
        })
    })
}

fn has_curve(profile: &[u8], tag: [u8; 4]) -> bool {
    let Some(data) = data(profile, tag) else { return false };
    (0..=STEPS).map(|step| f64::from(step) / f64::from(STEPS)).all(|place| {
        let found = light(data, place);
        found.is_some_and(|light| (srgb_number(light.clamp(0.0, 1.0)) - place).abs() <= SAME_CURVE)
    })
}

/// The value of a curve at a position from 0 to 1.
fn light(curve: &[u8], place: f64) -> Option<f64> {
    match curve.get(..4)? {
        b"curv" => sampled(curve, place),
        b"para" => parametric(curve, place),
        _ => None,
    }
}

/// A `curv` curve: empty for linear, one entry for a gamma, else evenly spaced samples (ICC.1:2022, 10.6).
fn sampled(curve: &[u8], place: f64) -> Option<f64> {
    let entry = |index: usize| {
        let at = index.checked_mul(2)?.checked_add(12)?;
        Some(f64::from(u16::from_be_bytes(curve.get(at..at + 2)?.try_into().ok()?)))
    };
    match number(curve, 8)? {
        0 => Some(place),
        1 => Some(place.powf(entry(0)? / 256.0)),
        count => {
            let at = place * (count - 1) as f64;
            let below = (at as usize).min(count - 2);
            let part = at - below as f64;
            Some((entry(below)? * (1.0 - part) + entry(below + 1)? * part) / f64::from(u16::MAX))
        }
    }
}

/// A `para` curve: one of five formulas (ICC.1:2022, 10.18).
fn parametric(curve: &[u8], x: f64) -> Option<f64> {
    let kind = u16::from_be_bytes(curve.get(8..10)?.try_into().ok()?);
    let n = |index: usize| fixed(curve, 12 + 4 * index);
    let power = |e: f64| Some((n(1)? * x + n(2)?).max(0.0).powf(n(0)?) + e);
    match kind {
        0 => Some(x.powf(n(0)?)),
        1 if x >= -n(2)? / n(1)? => power(0.0),
        1 => Some(0.0),
        2 if x >= -n(2)? / n(1)? => power(n(3)?),
        2 => n(3),
        3 if x >= n(4)? => power(0.0),
        3 => Some(n(3)? * x),
        4 if x >= n(4)? => power(n(5)?),
        4 => Some(n(3)? * x + n(6)?),
        _ => None,
    }
}

/// An s15Fixed16 number.
fn fixed(bytes: &[u8], at: usize) -> Option<f64> {
    Some(f64::from(number(bytes, at)? as u32 as i32) / 65_536.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::{
        colour_encoding::{ColourEncoding, TransferFunction, srgb_light},
        icc::{HEADER, profile_for, with_tags},
    };

    const SRGB: ColourEncoding = ColourEncoding {
        primaries: Chromaticities::SRGB,
        transfer: TransferFunction::Srgb,
        full_range: true,
    };

    fn profile(primaries: Chromaticities, transfer: TransferFunction) -> Vec<u8> {
        profile_for(&ColourEncoding { primaries, transfer, ..SRGB }).unwrap()
    }

    /// The primaries of sRGB with these curves and this name.
    fn with_curve(curve: &[u8], name: &[u8]) -> Vec<u8> {
        let xyz = |numbers: [f64; 3]| {
            let numbers = numbers.map(|number| ((number * 65_536.0).round() as i32).to_be_bytes());
            [b"XYZ \0\0\0\0".as_slice(), &numbers.concat()].concat()
        };
        let length = (name.len() as u32 + 1).to_be_bytes();
        let mut profile = with_tags(&[
            (*b"desc", [b"desc\0\0\0\0".as_slice(), &length, name, b"\0"].concat()),
            (*b"rXYZ", xyz([0.43607, 0.22249, 0.01392])),
            (*b"gXYZ", xyz([0.38515, 0.71687, 0.09708])),
            (*b"bXYZ", xyz([0.14307, 0.06061, 0.7141])),
            (*b"rTRC", curve.to_vec()),
            (*b"gTRC", curve.to_vec()),
            (*b"bTRC", curve.to_vec()),
        ]);
        profile[DEVICE_SPACE..CONNECTION_SPACE + 4].copy_from_slice(b"RGB XYZ ");
        profile
    }

    fn formula(kind: u16, numbers: &[f64]) -> Vec<u8> {
        let numbers = numbers.iter().flat_map(|number| ((number * 65_536.0).round() as i32).to_be_bytes());
        let head = [b"para\0\0\0\0".as_slice(), &kind.to_be_bytes(), b"\0\0"].concat();
        head.into_iter().chain(numbers).collect()
    }

    fn table(entries: usize, light: impl Fn(f64) -> f64) -> Vec<u8> {
        let last = (entries - 1) as f64;
        let numbers = (0..entries).map(|index| (light(index as f64 / last) * 65_535.0).round() as u16);
        let head = [b"curv\0\0\0\0".as_slice(), &(entries as u32).to_be_bytes()].concat();
        head.into_iter().chain(numbers.flat_map(u16::to_be_bytes)).collect()
    }

    #[test]
    fn curves_decide_and_names_do_not() {
        let srgb = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045];
        let power = [b"curv\0\0\0\0\0\0\0\x01".as_slice(), &563u16.to_be_bytes()].concat();
        for (curve, expected) in [
            (formula(3, &srgb), true),
            (formula(4, &[&srgb[..], &[0.0, 0.0]].concat()), true),
            (table(1024, srgb_light), true),
            (table(4096, srgb_light), true),
            (table(26, |place| place), false),
            (formula(0, &[1.0]), false),
            (formula(0, &[2.2]), false),
            (formula(0, &[1.8]), false),
            (formula(3, &[2.222, 0.9099, 0.0901, 0.2222, 0.081]), false),
            (formula(1, &[2.4, 0.0, 0.0]), false),
            (formula(9, &srgb), false),
            (b"curv\0\0\0\0\0\0\0\0".to_vec(), false),
            (power, false),
            (b"curv".to_vec(), false),
            (Vec::new(), false),
        ] {
            for name in ["sRGB IEC61966-2.1", "Display P3", ""] {
                assert_eq!(is_srgb(&with_curve(&curve, name.as_bytes())), expected, "{name} {curve:?}");
            }
        }
    }

    #[test]
    fn primaries_decide() {
        let srgb = Chromaticities::SRGB;
        assert!(is_srgb(&profile(srgb, TransferFunction::Srgb)));
        for other in [
            Chromaticities { green: (0.265, 0.69), red: (0.68, 0.32), ..srgb },
            Chromaticities { green: (0.21, 0.71), ..srgb },
            Chromaticities { red: (0.63, 0.34), ..srgb },
            Chromaticities { green: (0.29, 0.60), ..srgb },
        ] {
            assert!(!is_srgb(&profile(other, TransferFunction::Srgb)), "{other:?}");
        }
    }

    #[test]
    fn lookup_tables_and_other_spaces_are_not_srgb() {
        let whole = profile(Chromaticities::SRGB, TransferFunction::Srgb);
        let entries = |profile: &[u8]| number(profile, HEADER).unwrap();
        for table in TABLES {
            let mut other = whole.clone();
            // the first tag is renamed
            assert!(entries(&other) > 1);
            other[HEADER + 4..HEADER + 8].copy_from_slice(&table);
            assert!(!is_srgb(&other));
        }
        for (at, name) in [(DEVICE_SPACE, b"CMYK"), (CONNECTION_SPACE, b"Lab ")] {
            let mut other = whole.clone();
            other[at..at + 4].copy_from_slice(name);
            assert!(!is_srgb(&other));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(noise: Vec<u8>, curve: Vec<u8>, kind in 0..6u16) {
            prop_assert!(!is_srgb(&noise));
            for head in [b"curv\0\0\0\0".to_vec(), formula(kind, &[])] {
                let _ = is_srgb(&with_curve(&[head, curve.clone()].concat(), b"sRGB"));
            }
        }
    }
}
