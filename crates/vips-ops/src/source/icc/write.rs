//! Writes profiles for colours that a file signals without one, so that all conversions use one code path.

use crate::source::colour_encoding::{ColourEncoding, D50, Matrix};

use super::{HEADER, TAG_ENTRY};

/// Entries of a curve: with linear interpolation finer than 8 bits even for PQ.
const ENTRIES: u32 = 4096;

/// Signatures of the connection spaces.
const XYZ: [u8; 4] = *b"XYZ ";
const LAB: [u8; 4] = *b"Lab ";

/// Grid points per axis of a colour lookup table.
const GRID: u8 = 33;

/// 16-bit encodings of L* = 100, and of unit and zero of a* and b* (ICC.1:2022, 10.10: the legacy encoding).
const LIGHTEST: f64 = 65_280.0;
const AXIS_UNIT: f64 = 256.0;
const AXIS_ZERO: f64 = 128.0;

/// Version 4.2 (ICC.1:2022, 7.2.4), for a display profile.
const VERSION: [u8; 4] = [4, 0x20, 0, 0];

/// A profile equivalent to a colour encoding: matrix and curves, or a lookup table where channels are mixed. `None` if
/// the primaries do not span a gamut.
pub fn profile_for(encoding: &ColourEncoding) -> Option<Vec<u8>> {
    let matrix = encoding.primaries.to_profile_space()?;
    if encoding.mixes_channels() {
        // libvips selects the table by the rendering intent
        let tags = vec![*b"A2B0", *b"A2B1"];
        return Some(file(LAB, &[(vec![*b"wtpt"], xyz(D50)), (tags, table(encoding, &matrix))]));
    }
    let column = |n: usize| xyz(matrix.map(|row| row[n]));
    let curves = [*b"rTRC", *b"gTRC", *b"bTRC"].to_vec();
    Some(file(
        XYZ,
        &[
            (vec![*b"wtpt"], xyz(D50)),
            (vec![*b"rXYZ"], column(0)),
            (vec![*b"gXYZ"], column(1)),
            (vec![*b"bXYZ"], column(2)),
            (curves, curve(encoding)),
        ],
    ))
}

fn curve(encoding: &ColourEncoding) -> Vec<u8> {
    let place = |index: u32| f64::from(index) / f64::from(ENTRIES - 1);
    let light = |index| (encoding.light(place(index)) * f64::from(u16::MAX)).round() as u16;
    let head = [b"curv\0\0\0\0".as_slice(), &ENTRIES.to_be_bytes()].concat();
    head.into_iter().chain((0..ENTRIES).flat_map(|index| light(index).to_be_bytes())).collect()
}

/// A 16-bit lookup table from RGB to Lab (ICC.1:2022, 10.10) with identity curves.
fn table(encoding: &ColourEncoding, matrix: &Matrix) -> Vec<u8> {
    let mut bytes = [b"mft2\0\0\0\0".as_slice(), &[3, 3, GRID, 0]].concat();
    // the identity matrix
    for place in 0..9 {
        bytes.extend(if place % 4 == 0 { 0x1_0000u32 } else { 0 }.to_be_bytes());
    }
    let straight = [0, 0, 0xff, 0xff].repeat(3);
    bytes.extend([0, 2, 0, 2]);
    bytes.extend(&straight);
    let place = |index: u8| f64::from(index) / f64::from(GRID - 1);
    for red in 0..GRID {
        for green in 0..GRID {
            for blue in 0..GRID {
                let [lightness, a, b] = lab(encoding.colour(matrix, [place(red), place(green), place(blue)]));
                let axis = |value: f64| ((value + AXIS_ZERO) * AXIS_UNIT).round() as u16;
                let lightness = (lightness / 100.0 * LIGHTEST).round() as u16;
                bytes.extend([lightness, axis(a), axis(b)].map(u16::to_be_bytes).concat());
            }
        }
    }
    bytes.extend(&straight);
    bytes
}

/// CIE L*a*b* of XYZ under D50 (CIE 15).
fn lab(light: [f64; 3]) -> [f64; 3] {
    let part = |index: usize| {
        let ratio = light[index] / D50[index];
        if ratio > 216.0 / 24_389.0 { ratio.cbrt() } else { (24_389.0 / 27.0 * ratio + 16.0) / 116.0 }
    };
    let [x, y, z] = [part(0), part(1), part(2)];
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn xyz(numbers: [f64; 3]) -> Vec<u8> {
    let numbers = numbers.map(|number| ((number * 65_536.0).round() as i32).to_be_bytes());
    [b"XYZ \0\0\0\0".as_slice(), &numbers.concat()].concat()
}

/// Assembles the profile: header, tag table, data. Several tags may share data.
fn file(connection: [u8; 4], blocks: &[(Vec<[u8; 4]>, Vec<u8>)]) -> Vec<u8> {
    let tags: usize = blocks.iter().map(|(tags, _)| tags.len()).sum();
    let mut start = HEADER + 4 + tags * TAG_ENTRY;
    let length = start + blocks.iter().map(|(_, data)| data.len()).sum::<usize>();
    let mut bytes = vec![0; HEADER];
    // header fields (ICC.1:2022, table 17)
    let fields: [(usize, &[u8]); 8] = [
        (0, &(length as u32).to_be_bytes()),
        (8, &VERSION),
        (12, b"mntr"),
        (16, b"RGB "),
        (20, &connection),
        (36, b"acsp"),
        (64, &[0, 0, 0, 1]),
        (68, &xyz(D50)[8..]),
    ];
    for (at, field) in fields {
        bytes[at..at + field.len()].copy_from_slice(field);
    }
    bytes.extend((tags as u32).to_be_bytes());
    for (tags, data) in blocks {
        for tag in tags {
            bytes.extend(
                [tag.as_slice(), &(start as u32).to_be_bytes(), &(data.len() as u32).to_be_bytes()].concat(),
            );
        }
        start += data.len();
    }
    for (_, data) in blocks {
        bytes.extend(data);
    }
    bytes
}
